//! Delivery: notifications reach their receivers, and what is not delivered is listed.

mod alertmanager;
mod chats;
mod notification;
mod preview;
mod retries;
