//! Rows in columns, written as they come: widths are those of the first rows.

/// Decides how wide columns are, then pads rows.
#[derive(Debug)]
pub(crate) struct Columns<const N: usize> {
    widths: [usize; N],
}

/// No column makes others wait for more than this.
const WIDTH_MAX: usize = 44;

impl<const N: usize> Columns<N> {
    /// Columns as wide as these rows need.
    pub(crate) fn fitting<'a>(rows: impl IntoIterator<Item = &'a [String; N]>) -> Self {
        let mut widths = [0; N];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count().min(WIDTH_MAX));
            }
        }
        Self { widths }
    }

    /// A row, padded; the first column to the right, for it is a number.
    pub(crate) fn row(&self, row: &[String; N]) -> String {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(self.widths).enumerate() {
            let fill = width.saturating_sub(cell.chars().count());
            if index == 0 {
                line.extend(std::iter::repeat_n(' ', fill));
            } else {
                line.push_str("  ");
            }
            line.push_str(cell);
            if index > 0 {
                line.extend(std::iter::repeat_n(' ', fill));
            }
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// How wide the first column is: what does not fit into a line goes on below the second.
    pub(crate) fn indent(&self) -> usize {
        self.widths[0] + 2
    }
}
