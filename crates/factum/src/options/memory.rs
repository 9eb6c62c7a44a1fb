//! `memory:`.

use crate::{Backend, UrlError};

pub(crate) const OPTIONS: [&str; 1] = ["tenant"];

pub(crate) fn backend(place: &str) -> Result<Backend, UrlError> {
    if place.is_empty() {
        return Ok(Backend::Memory);
    }
    let expected = "nothing after the colon but options";
    Err(UrlError::BadPlace { scheme: "memory", expected, found: place.into() })
}
