//! Small pieces of text for people: numbers, durations, sizes, times.

use std::time::Duration;

use factum::Timestamp;

/// `1234567` as `1,234,567`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 event`, `2 events`.
pub(crate) fn count(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", number(count))
}

/// A size with the unit that leaves one to four digits.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// How much later, in the two largest units.
pub(crate) fn later(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "+" };
    let seconds = micros.unsigned_abs() / 1_000_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{seconds}s"),
        (0, 0, minutes) => format!("{sign}{minutes}m {:02}s", seconds % 60),
        (0, hours, minutes) => format!("{sign}{hours}h {minutes:02}m"),
        (days, hours, _) => format!("{sign}{days}d {hours:02}h"),
    }
}

/// A time to the second, for tables.
pub(crate) fn time(at: Timestamp) -> String {
    let seconds = at.as_micros().div_euclid(1_000_000) * 1_000_000;
    Timestamp::from_micros(seconds).to_string().replace('T', " ").replace('Z', "")
}

/// How long, in the two largest units.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    later(micros).trim_start_matches('+').into()
}

/// How long before `now`. Clocks differ: what comes after it was just now.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.as_micros().saturating_sub(at.as_micros()) {
        ..1_000_000 => "just now".into(),
        micros => format!("{} ago", later(micros).trim_start_matches('+')),
    }
}

/// The first line of a longer text.
pub(crate) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A text of at most so many characters, and a sign that it was longer.
pub(crate) fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}
