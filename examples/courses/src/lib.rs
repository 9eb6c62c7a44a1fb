//! Decisions over several entities at once: the states and queries that each of them needs, and
//! nothing else. There is no course or student that would have to be loaded and locked.

pub mod booking;
pub mod invoice;
pub mod price;
pub mod subscription;
pub mod token;
pub mod username;
