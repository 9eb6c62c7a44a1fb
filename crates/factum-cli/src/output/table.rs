//! A small table: one line under the headings on a terminal, spaces elsewhere.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::{Output, Style};

const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// Lays out `rows` under `headings`. A heading that ends in `#` marks a column of numbers.
pub(crate) fn table(output: Output, headings: &[&str], rows: Vec<Vec<String>>) -> String {
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
        format!("{name}  {value}")
    };
    facts.iter().map(line).collect::<Vec<_>>().join("\n")
}
