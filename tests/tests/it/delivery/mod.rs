//! Delivery: notifications reach their receivers, and what is not delivered is listed.

mod chats;
mod notification;
mod retries;
