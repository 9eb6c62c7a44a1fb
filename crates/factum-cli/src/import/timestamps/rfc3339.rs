//! RFC 3339 and its relatives: ISO 8601, XML Schema, RFC 9557, what databases print.

use factum::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::Offset;

use super::{Zone, agreed, instant, shown};

/// Reads a date with or without a time, an offset or a zone's name; what names no zone is of `zone`.
pub(super) fn read(text: &str, zone: &Zone) -> Result<Timestamp, String> {
    let text = text.trim();
    if text.contains('[') {
        return named(text, zone);
    }
    let invalid = || format!("expected a time such as 2026-01-31T09:30:00Z, found {}", shown(text));
    let (rest, offset) = split_offset(text).ok_or_else(invalid)?;
    let (rest, ends_day) = split_end_of_day(rest);
    let pieces = Pieces::parse(rest).map_err(|_| invalid())?;
    if pieces.offset().is_some() {
        return Err(invalid());
    }
    let local = local(&pieces);
    let local = if ends_day { local.tomorrow() } else { Ok(local) }.map_err(|_| invalid())?;
    match offset {
        Some(offset) => Ok(instant(local, offset)),
        None => zone.instant(local),
    }
}

fn local(pieces: &Pieces<'_>) -> DateTime {
    pieces.date().to_datetime(pieces.time().unwrap_or_default())
}

/// A time with annotations in brackets. A zone's name there is what counts, and must agree with
/// the offset if there is one.
fn named(text: &str, zone: &Zone) -> Result<Timestamp, String> {
    let expected = |what: &str| format!("expected {what}, found {}", shown(text));
    let pieces = Pieces::parse(text)
        .map_err(|_| expected("a time such as 2026-01-31T09:30:00+01:00[Europe/Berlin]"))?;
    let named = pieces.to_time_zone().map_err(|_| expected("the name of a zone in brackets"))?;
    let local = local(&pieces);
    match (named, pieces.offset()) {
        // Z is no offset of the zone, but says that the time is UTC.
        (Some(_), Some(PiecesOffset::Zulu)) => Ok(instant(local, Offset::UTC)),
        (Some(named), Some(offset)) => agreed(&named, local, offset.to_numeric_offset()),
        (Some(named), None) => zone.with(named).instant(local),
        (None, Some(offset)) => Ok(instant(local, offset.to_numeric_offset())),
        (None, None) => zone.instant(local),
    }
}

/// The text before the offset, and the offset. `None` if what looks like an offset is none.
fn split_offset(text: &str) -> Option<(&str, Option<Offset>)> {
    for utc in ["Z", "z", "UTC", "GMT"] {
        if let Some(rest) = text.strip_suffix(utc) {
            return Some((rest.trim_end(), Some(Offset::UTC)));
        }
    }
    // A year of six digits has a sign of its own, and a date has hyphens.
    let date_bytes = if text.starts_with(['+', '-']) { 11 } else { 8 };
    let sign = text.rfind(['+', '-', '\u{2212}']).filter(|at| *at >= date_bytes);
    let Some(at) = sign else { return Some((text, None)) };
    let (rest, offset) = text.split_at_checked(at)?;
    let probe = format!("2000-01-01T00:00:00{offset}");
    let offset = Pieces::parse(&probe).ok()?.offset()?;
    Some((rest.trim_end(), Some(offset.to_numeric_offset())))
}

/// A day may end at 24:00:00. Gives the day, and whether it is its end that is meant.
fn split_end_of_day(text: &str) -> (&str, bool) {
    let Some((day, time)) = text.split_once(['T', 't', ' ']) else { return (text, false) };
    let (clock, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let is_end = matches!(clock, "24" | "24:00" | "24:00:00" | "2400" | "240000");
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|it| it == b'0');
    if is_end && is_whole { (day, true) } else { (text, false) }
}

#[cfg(test)]
mod tests {
    use super::super::{Ambiguous, parse};
    use super::*;

    #[test]
    fn zones_spaces_and_their_absence_are_understood() {
        for (text, utc) in [
            ("2011-10-11T13:42:22.688+02:00", "2011-10-11T11:42:22.688Z"),
            ("2011-10-11 13:42:22.688000+02:00", "2011-10-11T11:42:22.688Z"),
            ("2011-10-11T13:42:22.688+0200", "2011-10-11T11:42:22.688Z"),
            ("2011-10-11 13:42:22 +02:00", "2011-10-11T11:42:22Z"),
            ("2011-10-11T13:42-05", "2011-10-11T18:42:00Z"),
            ("2011-10-11T13:42:22Z", "2011-10-11T13:42:22Z"),
            ("2011-10-11 13:42:22 UTC", "2011-10-11T13:42:22Z"),
            ("2011-10-11 13:42:22", "2011-10-11T13:42:22Z"),
            (" 2011-10-11T13:42 ", "2011-10-11T13:42:00Z"),
            ("20111011T134222Z", "2011-10-11T13:42:22Z"),
            ("2011-10-11", "2011-10-11T00:00:00Z"),
            ("20111011", "2011-10-11T00:00:00Z"),
            ("2011-10-11+02:00", "2011-10-10T22:00:00Z"),
            ("2011-10-11-05:00", "2011-10-11T05:00:00Z"),
            ("2011-10-11Z", "2011-10-11T00:00:00Z"),
            ("+002011-10-11T00:00:00-01:00", "2011-10-11T01:00:00Z"),
            ("2011-10-11T24:00:00Z", "2011-10-12T00:00:00Z"),
            ("2011-12-31 24:00:00.000+01:00", "2011-12-31T23:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
            ("2024-07-10T02:30:00[America/New_York]", "2024-07-10T06:30:00Z"),
            ("2024-07-10T02:30:00-04:00[America/New_York]", "2024-07-10T06:30:00Z"),
            ("2024-07-10T02:30:00[u-ca=gregory]", "2024-07-10T02:30:00Z"),
            ("2024-07-10T02:30:00Z[America/New_York]", "2024-07-10T02:30:00Z"),
            ("2024-11-03T01:30:00-04:00[America/New_York]", "2024-11-03T05:30:00Z"),
            ("2024-11-03T01:30:00-05:00[America/New_York]", "2024-11-03T06:30:00Z"),
            ("1880-01-01T00:00:00-04:56[America/New_York]", "1880-01-01T04:56:02Z"),
        ] {
            assert_eq!(parse(text).map(|at| at.to_string()), Ok(utc.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "11.10.2011",
            "1710037800",
            "2011-10-11T24:00:01Z",
            "2011-10-11T24:30:00Z",
            "2011-10-11T13:42:22 CET",
            "2011-10-11T13:42:22Z+01:00",
            "2024-07-10T02:30:00[Mars/Base]",
            "2024-07-10T02:30:00-01:00[America/New_York]",
            "2024-03-10T02:30:00-05:00[America/New_York]",
            "9999-12-31T24:00:00Z",
            "9999-12-31T23:59:59-05:00",
            "2011-10-11T13:42:22+",
            "\u{2212}\u{2212}\u{2212}\u{2212}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_that_a_clock_showed_twice_or_never_is_what_is_asked_for() {
        let read = |text: &str, ambiguous| {
            let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
            read(text, &Zone { zone, ambiguous }).ok().map(|at| at.to_string())
        };
        let (twice, never) = ("2024-10-27T02:30:00", "2024-03-31T02:30:00");
        for text in [twice, never, "2024-03-31T02:30:00[Europe/Berlin]"] {
            assert_eq!(read(text, Ambiguous::Refuse), None);
        }
        assert_eq!(read(twice, Ambiguous::Earlier).as_deref(), Some("2024-10-27T00:30:00Z"));
        assert_eq!(read(twice, Ambiguous::Later).as_deref(), Some("2024-10-27T01:30:00Z"));
        assert_eq!(read(never, Ambiguous::Earlier).as_deref(), Some("2024-03-31T00:30:00Z"));
        assert_eq!(read(never, Ambiguous::Later).as_deref(), Some("2024-03-31T01:30:00Z"));
        let summer = read("2024-07-01 12:00", Ambiguous::Refuse);
        assert_eq!(summer.as_deref(), Some("2024-07-01T10:00:00Z"));
    }
}
