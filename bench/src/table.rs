//! One line per row: what was measured, the bar, and whether it was met.

/// The bar of a row.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// A figure to know, with nothing to meet.
    None,
}

/// A measured row.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    pub value: f64,
    pub bar: Bar,
    /// The figures behind the ratio.
    pub detail: String,
}

impl Row {
    pub fn missed(&self) -> bool {
        match self.bar {
            Bar::AtLeast(bar) => self.value < bar,
            Bar::AtMost(bar) => self.value > bar,
            Bar::None => false,
        }
    }

    pub fn print(&self, json: bool) {
        let bar = match self.bar {
            Bar::AtLeast(bar) => format!(">= {bar}"),
            Bar::AtMost(bar) => format!("<= {bar}"),
            Bar::None => "none".into(),
        };
        let verdict = match self.bar {
            Bar::None => "",
            _ if self.missed() => "MISS",
            _ => "pass",
        };
        let Self { name, value, detail, .. } = self;
        if json {
            let row = serde_json::json!({
                "name": name, "value": value, "bar": bar, "verdict": verdict, "detail": detail,
            });
            println!("{row}");
        } else {
            println!("{name:<34} {value:>8.2}  {bar:<8} {verdict:<5} {detail}");
        }
    }
}

/// A row that there is no way to measure here.
pub fn print_not_run(name: &str, why: &str, json: bool) {
    if json {
        println!("{}", serde_json::json!({ "name": name, "not_run": why }));
    } else {
        println!("{name:<34} {why}");
    }
}

pub fn heading() {
    println!("{:<34} {:>8}  {:<8} {:<5} figures (median of the rounds)", "row", "value", "bar", "");
}
