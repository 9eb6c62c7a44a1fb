//! Lines that are broken between words, so that a terminal does not break them inside one.

/// Breaks each line of `text` that is wider than `width` at a space; what follows is indented by
/// `indent`. A word that is wider than a line stays whole: names are copied from the screen.
pub(crate) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    text.split('\n').map(|line| broken(line, width, indent)).collect::<Vec<_>>().join("\n")
}

fn broken(line: &str, width: usize, indent: usize) -> String {
    if columns(line) <= width {
        return line.into();
    }
    let mut text = String::new();
    let mut used = 0; // Of the line that is written now; all of it is indentation if `fresh`.
    let mut fresh = true;
    for (gap, word) in words(line) {
        if !fresh && used + gap + columns(word) > width {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else {
            text.extend(std::iter::repeat_n(' ', gap));
            used += gap;
        }
        text.push_str(word);
        used += columns(word);
        fresh = false;
    }
    text
}

/// Each word of a line with the number of spaces before it.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let word = rest.trim_start_matches(' ');
        let gap = rest.len() - word.len();
        let (word, after) = word.split_at(word.find(' ').unwrap_or(word.len()));
        rest = after;
        (!word.is_empty()).then_some((gap, word))
    })
}

/// How many columns a text takes: colours take none.
pub(crate) fn columns(text: &str) -> usize {
    let mut columns = 0;
    let mut colour = false;
    for letter in text.chars() {
        match letter {
            '\x1b' => colour = true,
            'm' if colour => colour = false,
            _ => columns += usize::from(!colour),
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::{columns, wrapped};

    #[test]
    fn lines_are_broken_between_words_and_indented() {
        let text = "  4  loan/00012@14  application.resubmitted  officer:amal\nshort";
        let expected = "  4  loan/00012@14\n     application.resubmitted\n     officer:amal\nshort";
        assert_eq!(wrapped(text, 30, 5), expected);
        assert_eq!(wrapped(text, 100, 5), text);
    }

    #[test]
    fn a_word_that_is_too_wide_stays_whole() {
        assert_eq!(wrapped("at sqlite:/a/very/long/path.db now", 12, 2), {
            "at\n  sqlite:/a/very/long/path.db\n  now"
        });
        assert_eq!(wrapped("abcdefghij", 4, 2), "abcdefghij");
    }

    #[test]
    fn colours_take_no_room() {
        let text = "\x1b[1mheading\x1b[0m and more";
        assert_eq!(columns(text), 16);
        assert_eq!(wrapped(text, 16, 2), text);
    }
}
