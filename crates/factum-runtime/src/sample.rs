//! Exported real events, read by the current program: will it understand what is stored?

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use factum_core::{Event, RecordedEvent, Registry, jsonl};

use crate::fold::fold;

/// Longest line: the largest event, written as base64, and room to spare.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// Most findings that are kept word by word; all are counted.
const FINDINGS_MAX: usize = 100;

/// What reading a sample came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleReport {
    /// How many stored events were read.
    pub read: u64,
    /// How many current events they stand for, by type.
    pub by_type: BTreeMap<String, u64>,
    /// What cannot be read, by line, 1-based; the first 100.
    pub findings: Vec<(u64, String)>,
    /// How many lines cannot be read.
    pub findings_total: u64,
}

impl SampleReport {
    /// Whether the program understands all of it.
    pub fn is_clean(&self) -> bool {
        self.findings_total == 0
    }

    fn find(&mut self, line: u64, finding: impl std::fmt::Display) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push((line, finding.to_string()));
        }
    }
}

/// Reads events exported as JSON Lines the way this program would: upcasts and decodes each of
/// them, and gives it to `each`, which may go on and fold it into a state.
///
/// What cannot be read, and where `each` panics, is reported and does not end the check. Lines
/// are never repeated in the report.
///
/// # Errors
///
/// Those of reading `lines`, and [`InvalidData`](io::ErrorKind::InvalidData) at a line above
/// 16 MiB.
///
/// # Examples
///
/// ```
/// # use factum_core::Registry;
/// # use factum_derive::Event;
/// # use factum_runtime::check_sample;
/// # #[derive(Event, serde::Serialize, serde::Deserialize)]
/// # #[factum(crate = "factum_core")]
/// # enum AccountEvent { Opened { owner: String } }
/// let exported = br#"{"stream":"account/ann","type":"account.opened","payload":{"owner":"Ann"}}
/// {"stream":"account/bob","type":"account.opened","payload":{"owner":7}}"#;
///
/// let registry = Registry::of::<AccountEvent>()?;
/// let mut owners = Vec::new();
/// let report = check_sample(&registry, &exported[..], |_, event| {
///     let AccountEvent::Opened { owner } = event;
///     owners.push(owner);
/// })?;
/// assert_eq!((report.read, owners), (2, vec!["Ann".to_owned()]));
/// assert_eq!(report.findings[0].0, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_sample<E: Event>(
    registry: &Registry,
    mut lines: impl BufRead,
    mut each: impl FnMut(&RecordedEvent, E),
) -> io::Result<SampleReport> {
    let mut report = SampleReport::default();
    let (mut text, mut number) = (Vec::new(), 0);
    loop {
        text.clear();
        number += 1;
        let read = (&mut lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut text)? as u64;
        if read == 0 {
            return Ok(report);
        }
        if read == LINE_BYTES_MAX {
            let said =
                format!("line {number}: expected at most {LINE_BYTES_MAX} bytes, found more");
            return Err(io::Error::new(io::ErrorKind::InvalidData, said));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        report.read += 1;
        // The errors of these two may repeat what stands in the line.
        let line = jsonl::parse(&text).map_err(|error| {
            format!("expected an exported event, found something else at column {}", error.column())
        });
        let record = line.and_then(|line| {
            let unnamed = |_| "expected an exported event, found one whose names make no sense";
            line.into_recorded(number).map_err(unnamed).map_err(str::to_owned)
        });
        let record = match record {
            Ok(record) => record,
            Err(finding) => {
                report.find(number, finding);
                continue;
            }
        };
        let mut names = Vec::new();
        let understood = fold(std::slice::from_ref(&record), |record| {
            registry.decode(record, |event: E| {
                names.push(event.spec().event_type().as_str().to_owned());
                each(record, event);
            })
        });
        match understood {
            Ok(()) => {
                for name in names {
                    *report.by_type.entry(name).or_default() += 1;
                }
            }
            Err(error) => report.find(number, error),
        }
    }
}
