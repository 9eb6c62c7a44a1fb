//! `--time-format`, `--time-zone`: times that are not RFC 3339, and times without a zone.

use clap::Args;
use factum::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use super::{Ambiguous, Zone, agreed, instant, rfc3339, shown, writable};

/// How a file writes times.
#[derive(Args, Clone, Debug)]
pub(crate) struct TimeOptions {
    /// How times are written: rfc3339, epoch-s, epoch-ms, or a pattern of strptime such as
    /// "%d.%m.%Y %H:%M"; may be repeated, the first that fits counts
    #[arg(long = "time-format", value_name = "FORMAT", value_parser = format)]
    formats: Vec<TimeFormat>,
    /// The zone of times that name none, such as Europe/Berlin or +02:00; UTC unless given
    #[arg(long = "time-zone", value_name = "ZONE", value_parser = zone)]
    zone: Option<TimeZone>,
    /// What a local time means that the zone's clocks showed twice, or never
    #[arg(long, value_enum, default_value_t = Ambiguous::Refuse)]
    ambiguous_times: Ambiguous,
}

#[derive(Clone, Debug)]
enum TimeFormat {
    Rfc3339,
    /// Numbers since 1970, this many microseconds each.
    Epoch(i64),
    Pattern(String),
}

/// Has something in each of its parts.
const SOME_TIME: DateTime = jiff::civil::date(2024, 2, 3).at(4, 5, 6, 789_000_000);

fn format(text: &str) -> Result<TimeFormat, String> {
    match text {
        "rfc3339" => Ok(TimeFormat::Rfc3339),
        "epoch-s" => Ok(TimeFormat::Epoch(1_000_000)),
        "epoch-ms" => Ok(TimeFormat::Epoch(1_000)),
        _ if !text.contains('%') => {
            Err("expected rfc3339, epoch-s, epoch-ms or a pattern such as %d.%m.%Y".into())
        }
        _ => {
            if text.contains("%Z") {
                return Err("%Z: abbreviations of zones are ambiguous; %Q reads a zone's name, \
                            %z an offset, --time-zone names the zone of all times"
                    .into());
            }
            // Writing a time and reading it shows what the pattern gets wrong, whatever the file holds.
            let some_time = SOME_TIME.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
            let written = BrokenDownTime::from(&some_time).to_string(text);
            let written = written.map_err(|error| error.to_string())?;
            strtime::parse(text, &written).map_err(|error| error.to_string())?;
            Ok(TimeFormat::Pattern(text.into()))
        }
    }
}

fn zone(text: &str) -> Result<TimeZone, String> {
    let expected =
        || format!("expected a zone such as Europe/Berlin or +02:00, found {}", shown(text));
    DateTimeParser::new().parse_time_zone(text).map_err(|_| expected())
}

impl Default for TimeOptions {
    fn default() -> Self {
        Self { formats: Vec::new(), zone: None, ambiguous_times: Ambiguous::Refuse }
    }
}

impl TimeOptions {
    /// Reads a time as the options say.
    pub(in crate::import) fn read(&self, text: &str) -> Result<Timestamp, String> {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let zone = Zone { zone, ambiguous: self.ambiguous_times };
        let Some((last, others)) = self.formats.split_last() else {
            return TimeFormat::Rfc3339.read(text, &zone);
        };
        let found = others.iter().find_map(|format| format.read(text, &zone).ok());
        let read = found.map_or_else(|| last.read(text, &zone), Ok);
        read.map_err(|error| match others {
            [] => error,
            _ => format!(
                "expected a time in one of the {} formats given, found {}",
                self.formats.len(),
                shown(text)
            ),
        })
    }
}

impl TimeFormat {
    fn read(&self, text: &str, zone: &Zone) -> Result<Timestamp, String> {
        let at = match self {
            Self::Rfc3339 => rfc3339::read(text, zone),
            Self::Epoch(micros) => epoch(text.trim(), *micros),
            Self::Pattern(pattern) => by_pattern(pattern, text.trim(), zone),
        };
        writable(at?, text)
    }
}

/// A number of units since 1970, with or without a fraction.
fn epoch(text: &str, unit: i64) -> Result<Timestamp, String> {
    let what = if unit == 1_000 { "milliseconds" } else { "seconds" };
    let read = || {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if !fraction.bytes().all(|it| it.is_ascii_digit())
            || !whole.bytes().all(|it| it.is_ascii_digit())
        {
            return None;
        }
        let mut micros = whole.parse::<i64>().ok()?.checked_mul(unit)?;
        let mut unit = unit;
        for digit in fraction.bytes() {
            unit /= 10;
            micros = micros.checked_add(i64::from(digit - b'0') * unit)?;
        }
        Some(if negative { -micros } else { micros })
    };
    read().map(Timestamp::from_micros).ok_or_else(|| {
        format!("expected {what} since 1970, before the year 10000, found {}", shown(text))
    })
}

fn by_pattern(pattern: &str, text: &str, zone: &Zone) -> Result<Timestamp, String> {
    let unlike = |_| format!("expected a time as {pattern:?}, found {}", shown(text));
    let parsed = strtime::parse(pattern, text).map_err(unlike)?;
    // A pattern such as %s gives the instant itself.
    if parsed.year().is_none()
        && let Ok(at) = parsed.to_timestamp()
    {
        return Ok(Timestamp::from_micros(at.as_microsecond()));
    }
    let incomplete = |_| {
        let text = shown(text);
        format!("expected a day that exists, found {text}, of which {pattern:?} makes none")
    };
    let local: DateTime = parsed.to_datetime().map_err(incomplete)?;
    let get = |name| {
        TimeZone::get(name)
            .map_err(|_| format!("expected the name of a zone, found {}", shown(name)))
    };
    match (parsed.iana_time_zone(), parsed.offset()) {
        (Some(name), Some(offset)) => agreed(&get(name)?, local, offset),
        (Some(name), None) => zone.with(get(name)?).instant(local),
        (None, Some(offset)) => Ok(instant(local, offset)),
        (None, None) => zone.instant(local),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(formats: &[&str], name: Option<&str>, text: &str) -> Option<String> {
        let formats = formats.iter().map(|it| format(it).unwrap()).collect();
        let zone = name.map(|it| zone(it).unwrap());
        let options = TimeOptions { formats, zone, ambiguous_times: Ambiguous::Refuse };
        options.read(text).ok().map(|at| at.to_string())
    }

    #[test]
    fn patterns_and_numbers_are_read_where_they_are_asked_for() {
        for (formats, zone, text, utc) in [
            (&["%Y/%m/%d %H:%M:%S"][..], None, "2024/03/10 02:30:00", "2024-03-10T02:30:00Z"),
            (
                &["%d-%m-%Y %H:%M"],
                Some("Europe/Berlin"),
                "10-07-2024 02:30",
                "2024-07-10T00:30:00Z",
            ),
            (&["%Y-%m-%d %I:%M %p"], None, "2024-03-10 02:30 PM", "2024-03-10T14:30:00Z"),
            (&["%G-W%V-%u"], None, "2024-W10-7", "2024-03-10T00:00:00Z"),
            (&["%d.%m.%Y %z"], Some("Asia/Tokyo"), "10.03.2024 +0200", "2024-03-09T22:00:00Z"),
            (&["%F %T %Q"], None, "2024-07-10 02:30:00 Europe/Berlin", "2024-07-10T00:30:00Z"),
            (&["epoch-s"], Some("Asia/Tokyo"), "1710037800", "2024-03-10T02:30:00Z"),
            (&["epoch-s"], None, "1710037800.25", "2024-03-10T02:30:00.25Z"),
            (&["epoch-s"], None, "-1.5", "1969-12-31T23:59:58.5Z"),
            (&["%s"], None, "1710037800", "2024-03-10T02:30:00Z"),
            (&["epoch-ms"], None, "1710037800123", "2024-03-10T02:30:00.123Z"),
            (&["epoch-ms", "rfc3339"], None, "2024-03-10", "2024-03-10T00:00:00Z"),
            (&[], Some("+02:00"), "2024-03-10 02:30:00", "2024-03-10T00:30:00Z"),
            (&[], Some("Asia/Tokyo"), "2024-03-10 02:30:00Z", "2024-03-10T02:30:00Z"),
        ] {
            assert_eq!(read(formats, zone, text).as_deref(), Some(utc), "{formats:?} {text}");
        }
    }

    #[test]
    fn what_does_not_fit_the_formats_is_refused() {
        for (formats, text) in [
            (&["%Y/%m/%d"][..], "2024-03-10"),
            (&["epoch-s"], "1710037800000"), // Milliseconds: the year 56158.
            (&["epoch-s"], "1e9"),
            (&["epoch-s"], "."),
            (&["epoch-ms"], "2024-03-10"),
            (&["%H:%M"], "10:30"),
            (&["%F %T %z[%Q]"], "2024-07-10 02:30:00 -0100[America/New_York]"),
        ] {
            assert_eq!(read(formats, None, text), None, "{formats:?} {text}");
        }
        assert!(format("%q").is_err() && format("%F %Z").is_err() && format("iso").is_err());
        assert!(zone("Mars/Base").is_err());
    }
}
