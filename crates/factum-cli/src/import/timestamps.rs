//! Times as files write them.

mod options;
mod rfc3339;

use factum::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

pub(crate) use self::options::TimeOptions;

/// Reads RFC 3339 with `T` or a space; without a zone it is UTC, without a time it is midnight.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let utc = Zone { zone: TimeZone::UTC, ambiguous: Ambiguous::Refuse };
    rfc3339::read(text, &utc).and_then(|at| writable(at, text))
}

/// The end of the year 9999.
const MICROS_MAX: i64 = 253_402_300_799_999_999;

/// Refuses an instant that cannot be written as RFC 3339, whatever the format it was read from.
fn writable(at: Timestamp, text: &str) -> Result<Timestamp, String> {
    if at.as_micros() > MICROS_MAX {
        return Err(format!("expected a time before the year 10000 in UTC, found {}", shown(text)));
    }
    Ok(at)
}

/// Whether the time says everything that the text says.
pub(super) fn is_exact(at: Timestamp, text: &str) -> bool {
    text.ends_with('Z') && at.to_string() == text
}

/// What a local time means that a clock showed twice or, when it was set forward, never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Ambiguous {
    /// Nothing: the row is bad
    Refuse,
    /// The earlier of the two instants
    Earlier,
    /// The later of the two instants
    Later,
}

/// The zone of times that name none.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    zone: TimeZone,
    ambiguous: Ambiguous,
}

impl Zone {
    fn with(&self, zone: TimeZone) -> Self {
        Self { zone, ambiguous: self.ambiguous }
    }

    /// The instant at which a clock of this zone showed `local`.
    fn instant(&self, local: DateTime) -> Result<Timestamp, String> {
        let found = self.zone.to_ambiguous_timestamp(local).offset();
        let (fault, earlier, later) = match found {
            AmbiguousOffset::Unambiguous { offset } => return Ok(instant(local, offset)),
            AmbiguousOffset::Gap { before, after } => (skipped(&self.zone, local), after, before),
            AmbiguousOffset::Fold { before, after } => {
                let zone = name(&self.zone);
                let fault = format!(
                    "expected a time that {zone} had once, found {local}, which its clocks showed twice"
                );
                (fault, before, after)
            }
        };
        match self.ambiguous {
            Ambiguous::Earlier => Ok(instant(local, earlier)),
            Ambiguous::Later => Ok(instant(local, later)),
            Ambiguous::Refuse => Err(format!("{fault}; see --ambiguous-times")),
        }
    }
}

/// The instant at which a clock of `zone` showed `local`, when it had this offset. Times of long
/// ago have offsets with seconds, which are written rounded.
fn agreed(zone: &TimeZone, local: DateTime, offset: Offset) -> Result<Timestamp, String> {
    let rounds = |known: &Offset| {
        *known == offset || known.round(jiff::Unit::Minute).is_ok_and(|it| it == offset)
    };
    let known = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => [offset, offset],
        AmbiguousOffset::Fold { before, after } => [before, after],
        AmbiguousOffset::Gap { .. } => return Err(skipped(zone, local)),
    };
    let known = known.into_iter().find(rounds).ok_or_else(|| {
        format!("expected an offset that {} has at that time, found {offset}", name(zone))
    })?;
    Ok(instant(local, known))
}

fn skipped(zone: &TimeZone, local: DateTime) -> String {
    let zone = name(zone);
    format!(
        "expected a time that exists in {zone}, found {local}, which clocks skip there when they go forward"
    )
}

fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("this zone")
}

/// The instant at which a clock with this offset shows `local`.
fn instant(local: DateTime, offset: Offset) -> Timestamp {
    const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let micros = local.duration_since(EPOCH).as_micros() - i128::from(offset.seconds()) * 1_000_000;
    // Years of four digits are a twentieth of what 64 bits of microseconds hold.
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// The start of a text, for messages.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(64).collect::<String>())
}
