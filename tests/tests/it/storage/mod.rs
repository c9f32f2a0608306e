//! Storage: nothing acknowledged is lost, and old data is removed.

mod backup;
mod crash;
mod damage;
mod directory;
mod full_disk;
mod lifecycle;
mod log_damage;
mod retention;
