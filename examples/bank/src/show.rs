//! How things look on a terminal.

use std::error::Error;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use factum::SubscriptionName;
use factum::prelude::*;

/// Lays out `rows` under `headings`. One that ends in `#` stands above numbers.
pub(crate) fn table(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.iter().map(|it| it.trim_end_matches('#')));
    table.add_rows(rows);
    for (column, heading) in table.column_iter_mut().zip(headings) {
        column.set_padding((0, 2));
        if heading.ends_with('#') {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|it| it.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// `-123450` as `-1,234.50`.
pub(crate) fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    let (whole, rest) = ((cents / 100).to_string(), cents % 100);
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{rest:02}")
}

/// A time to the second.
pub(crate) fn time(at: &str) -> String {
    at.chars().take(19).collect::<String>().replace('T', " ")
}

/// How far a view is, in a line below it.
pub(crate) async fn as_of(store: &SharedStore, view: &str) -> Result<String, Box<dyn Error>> {
    let Some(progress) = store.progress(&SubscriptionName::new(view)?).await? else {
        return Err(
            format!("expected {view}, found none; `bank serve` makes and keeps them").into()
        );
    };
    let behind = match progress.lag(store.head().await?) {
        0 => String::new(),
        1 => ", 1 event behind".into(),
        lag => format!(", {lag} events behind"),
    };
    let aside = match progress.dead_letters + progress.waiting_events {
        0 => String::new(),
        events => format!("; {events} set aside: `factum projections dead-letters list {view}`"),
    };
    Ok(format!("\n\nas of position {}{behind}{aside}", progress.position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_become_money() {
        let shown = [0, 5, -123_450, 100_000_000, i64::MIN].map(money);
        let expected = ["0.00", "0.05", "-1,234.50", "1,000,000.00", "-92,233,720,368,547,758.08"];
        assert_eq!(shown, expected);
    }
}
