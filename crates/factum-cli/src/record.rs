//! One event as one line of JSON: what `export jsonl` writes, `import jsonl` reads, and `--json`
//! shows. The format is described in `docs/cli.md`.

mod read;
mod write;

pub(crate) use self::read::{Line, parse};
pub(crate) use self::write::{Record, write_line};
