//! A small table: one line under the headings on a terminal, spaces elsewhere.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::wrap::{columns, wrapped};
use super::{Output, Style};

const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Lays out `rows` under `headings`. A heading that ends in `#` marks a column of numbers. Where the
/// terminal is too narrow for that, each row becomes a list of facts.
pub(crate) fn table(output: Output, headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let text = ruled(output, headings, &rows);
    match output.width {
        Some(width) if text.lines().any(|line| columns(line) > width) => {
            listed(output, headings, rows)
        }
        _ => text,
    }
}

/// Each row as facts, with an empty line between two rows.
fn listed(output: Output, headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let row = |row: Vec<String>| {
        let names = headings.iter().map(|it| it.trim_end_matches('#'));
        let cells: Vec<_> = names.zip(row).filter(|(_, cell)| !cell.is_empty()).collect();
        facts(output, &cells)
    };
    rows.into_iter().map(row).collect::<Vec<_>>().join("\n\n")
}

fn ruled(output: Output, headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(if output.rich { RULED } else { NOTHING });
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.iter().map(|it| it.trim_end_matches('#')));
    table.add_rows(rows);
    for (index, heading) in headings.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((u16::from(index > 0), 1));
            if heading.ends_with('#') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let text = table.to_string();
    let mut lines = text.lines().map(str::trim_end);
    let heading = lines.next().map(|it| output.styled(Style::Heading, it));
    heading.into_iter().chain(lines.map(Into::into)).collect::<Vec<String>>().join("\n")
}

/// Facts about one thing, a line each: the name, then the value.
pub(crate) fn facts(output: Output, facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let line = |(name, value): &(&str, String)| {
        let name = output.styled(Style::Faint, &format!("{name:<width$}"));
        let line = format!("{name}  {value}");
        output.width.map_or(line.clone(), |columns| wrapped(&line, columns, width + 2))
    };
    facts.iter().map(line).collect::<Vec<_>>().join("\n")
}
