//! Generated files: what was written comes back, in whatever dialect; and what was imported is
//! known again, in whatever order.

mod dialects;
mod refreshed;
