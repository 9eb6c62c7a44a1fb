//! One event as one line of JSON: what exports are made of, and imports read.
//!
//! A line is an object. `stream`, `type` and a payload have to be there: `payload` for JSON as it
//! is, `payload_base64` for everything else. The rest is the envelope: `position`, `tenant`,
//! `revision`, `recorded_at`, `id`, `schema_version`, `codec`, `tags`, `claims`, `correlation`,
//! `causation`, `principal`, `metadata`. Absent things are left out; unknown ones are errors.
//!
//! # Examples
//!
//! ```
//! use factum_core::jsonl;
//!
//! let line = jsonl::parse(br#"{"stream":"account/ann","type":"account.opened","payload":{}}"#)?;
//! let event = line.into_recorded(1)?;
//! assert_eq!(event.stream.category(), "account");
//! let mut written = Vec::new();
//! jsonl::write_line(&mut written, &event)?;
//! assert_eq!(jsonl::parse(&written)?.into_recorded(1)?, event);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod read;
mod write;

pub use self::read::{Line, LineError, parse};
pub use self::write::{Record, write_line};
