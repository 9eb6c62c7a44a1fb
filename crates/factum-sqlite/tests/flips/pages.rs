//! Which bits to flip: every kind of page of every table and index in turn.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A bit of the file.
#[derive(Debug)]
pub(crate) struct Flip {
    pub(crate) number: usize,
    pub(crate) byte: usize,
    pub(crate) bit: u8,
    /// The table or index, and the kind of page.
    pub(crate) page: String,
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {} bit {} of {}", self.byte, self.bit, self.page)
    }
}

/// As many flips as asked for. Half of them hit the head of a page and its pointers, where a bit
/// does most, as far as a page has these.
pub(crate) fn flips(path: &Path, seed: u64, count: usize) -> Vec<Flip> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let page_bytes: u32 = conn.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    let page_bytes = page_bytes as usize;
    let select = "SELECT name, pagetype, pageno, ncell FROM dbstat ORDER BY name, pageno";
    let mut statement = conn.prepare(select).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut pages: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let (name, kind): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let (page, cells): (u32, u32) = (row.get(2).unwrap(), row.get(3).unwrap());
        pages.entry(format!("{name} {kind}")).or_default().push((page as usize, cells as usize));
    }
    let pages: Vec<_> = pages.into_iter().collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let flip = |number: usize| {
        let (name, places) = &pages[number % pages.len()];
        let (page, cells) = places[random.usize(..places.len())];
        let head = random.bool();
        let end = if head { (12 + 2 * cells).min(page_bytes) } else { page_bytes };
        let within = random.usize(..end);
        let byte = (page - 1) * page_bytes + within;
        Flip { number, byte, bit: random.u8(..8), page: name.clone() }
    };
    (0..count).map(flip).collect()
}
