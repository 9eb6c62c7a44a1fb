//! Which statements of a user's are refused before the server sees them: those that begin or end
//! transactions, and those whose effect would outlive one and meet the next user of the connection.
//!
//! Statements are told by their first word. Where a batch holds a function's body, that must be a
//! quoted one: of `BEGIN ATOMIC ... END`, the `END` looks like a statement.

/// First words that are refused.
const REFUSED: [&str; 16] = [
    "abort",
    "begin",
    "commit",
    "copy",
    "deallocate",
    "discard",
    "end",
    "listen",
    "prepare",
    "release",
    "reset",
    "rollback",
    "savepoint",
    "start",
    "unlisten",
    "vacuum",
];

/// What statements of views may not set: it would lead out of the role that they run as.
const LEADING_OUT: [&str; 2] = ["role", "session"];
/// The function that would set it anyway.
const SETTER: &str = "set_config";

/// Looks at every statement of a text; what is wrong with the first one that is refused.
pub(crate) fn check(sql: &str) -> Result<(), String> {
    if sql.contains('\0') {
        return Err("expected a text without zero bytes, found one".into());
    }
    if sql.to_ascii_lowercase().contains(SETTER) {
        return Err(format!("expected SET LOCAL, found {SETTER}"));
    }
    let mut rest = Scanner(sql.as_bytes());
    loop {
        rest.skip_blanks();
        let first = rest.word();
        if first == "set" {
            rest.skip_blanks();
            let second = rest.word();
            if second != "local" {
                return Err("expected SET LOCAL, found SET, which outlives the transaction".into());
            }
            rest.skip_blanks();
            let third = rest.word();
            if third.is_empty() || LEADING_OUT.contains(&third.as_str()) {
                return Err("expected SET LOCAL of a plain setting, found one of a role".into());
            }
        } else if REFUSED.contains(&first.as_str()) {
            let first = first.to_ascii_uppercase();
            return Err(format!("expected a statement inside the transaction, found {first}"));
        }
        if !rest.skip_statement() {
            return Ok(());
        }
    }
}

/// What is left of a text.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn skip(&mut self, count: usize) {
        self.0 = &self.0[count.min(self.0.len())..];
    }

    /// Skips through the next `end`, or everything.
    fn skip_through(&mut self, end: &[u8]) {
        let found = self.0.windows(end.len()).position(|it| it == end);
        self.skip(found.map_or(self.0.len(), |at| at + end.len()));
    }

    /// Skips blanks, comments, opening parentheses and empty statements.
    fn skip_blanks(&mut self) {
        loop {
            match self.0 {
                [first, ..] if first.is_ascii_whitespace() || b"(;".contains(first) => self.skip(1),
                [b'-', b'-', ..] => self.skip_through(b"\n"),
                [b'/', b'*', ..] => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// Comments of this kind nest.
    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.0 {
                [b'/', b'*', ..] => depth += 1,
                [b'*', b'/', ..] => depth -= 1,
                [] => return,
                _ => {
                    self.skip(1);
                    continue;
                }
            }
            self.skip(2);
            if depth == 0 {
                return;
            }
        }
    }

    /// The word that begins here, in lower case; empty if none does.
    fn word(&mut self) -> String {
        let end = self.0.iter().position(|it| !is_word(*it)).unwrap_or(self.0.len());
        let word = String::from_utf8_lossy(&self.0[..end]).to_ascii_lowercase();
        self.skip(end);
        word
    }

    /// Skips through the semicolon that ends the statement; whether there was one.
    fn skip_statement(&mut self) -> bool {
        // The byte before tells an escaping string, E'...', from any other, and a `$` inside a name
        // from one that quotes.
        let (mut before, mut before_that) = (b' ', b' ');
        loop {
            let first = match self.0 {
                [] => return false,
                [b';', ..] => {
                    self.skip(1);
                    return true;
                }
                [b'-', b'-', ..] => {
                    self.skip_through(b"\n");
                    b' '
                }
                [b'/', b'*', ..] => {
                    self.skip_comment();
                    b' '
                }
                [b'\'', ..] => {
                    let escapes = before.eq_ignore_ascii_case(&b'e') && !is_word(before_that);
                    self.skip_string(escapes);
                    b'\''
                }
                [b'"', ..] => {
                    self.skip(1);
                    self.skip_through(b"\"");
                    b'"'
                }
                [b'$', ..] if !is_word(before) => {
                    self.skip_dollars();
                    b'$'
                }
                [first, ..] => {
                    let first = *first;
                    self.skip(1);
                    first
                }
            };
            before_that = std::mem::replace(&mut before, first);
        }
    }

    /// Skips a string; a doubled quote in it looks like two strings, which is as good.
    fn skip_string(&mut self, escapes: bool) {
        self.skip(1);
        loop {
            match self.0 {
                [] => return,
                [b'\\', ..] if escapes => self.skip(2),
                [b'\'', b'\'', ..] => self.skip(2),
                [b'\'', ..] => {
                    self.skip(1);
                    return;
                }
                _ => self.skip(1),
            }
        }
    }

    /// Skips a string between dollar signs, or the one that begins a parameter.
    fn skip_dollars(&mut self) {
        let name = self.0[1..].iter().position(|it| !is_word(*it) || *it == b'$');
        let tag = match name {
            Some(end) if self.0[1 + end] == b'$' && !self.0[1].is_ascii_digit() => {
                self.0[..end + 2].to_vec()
            }
            _ => return self.skip(1),
        };
        self.skip(tag.len());
        self.skip_through(&tag);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn statements_that_end_transactions_or_outlive_them_are_refused() {
        for sql in [
            "COMMIT",
            " -- why\n /* /* nested */ COMMIT? */ rollback",
            "SELECT 1; end",
            "SELECT 'it''s; fine'; BEGIN",
            r"SELECT E'a\'; SELECT 1', 2; savepoint a",
            "SELECT $tag$ ; $$ ; $tag$; release a",
            "SELECT \"a;b\" FROM t;;; PREPARE TRANSACTION 'x'",
            "SET search_path = elsewhere",
            "SET LOCAL ROLE none",
            "SET LOCAL \"role\" TO none",
            "SET /* */ LOCAL SESSION AUTHORIZATION DEFAULT",
            "SELECT Set_Config('role', 'none', true)",
            "SELECT $1; COPY t FROM STDIN",
            "UPDATE t SET a = b$c; ABORT",
            "SELECT 1\0",
        ] {
            assert!(check(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn words_inside_statements_mean_nothing() {
        for sql in [
            "",
            "SELECT 1 AS commit",
            "SELECT '; COMMIT; '",
            r"SELECT 'a\', $1 -- ; COMMIT",
            r"SELECT E'\\'';COMMIT;'",
            "SELECT \"; COMMIT\" FROM t /* ; COMMIT */ WHERE a = $1",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$; SELECT 1",
            "DO $a$ BEGIN PERFORM $$;COMMIT;$$; END $a$",
            "SET LOCAL work_mem = '64MB'; INSERT INTO t VALUES ($1, $2)",
            "(SELECT 1) UNION (SELECT 2)",
        ] {
            assert_eq!(check(sql), Ok(()), "{sql}");
        }
    }
}
