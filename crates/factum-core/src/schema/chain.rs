//! Every older shape has exactly one way to a current one.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::upcasters::{Link, Shape};
use crate::schema::RegistryError;
use crate::{EventSpec, SchemaVersion};

type Specs = HashMap<&'static str, &'static EventSpec, RandomState>;
type Links = HashMap<Shape, Link, RandomState>;

pub(super) fn check(
    declared: &[&'static EventSpec],
    specs: &Specs,
    links: &Links,
) -> Result<(), RegistryError> {
    for spec in declared {
        check_type(spec, links)?;
    }
    let mut shapes: Vec<_> = links.keys().collect();
    shapes.sort_unstable(); // So that of several errors it is always the same one.
    for shape in shapes {
        check_link(&links[shape], specs, links)?;
        check_circle(shape, links)?;
    }
    Ok(())
}

/// Every version below the current one leads away from itself, and none from there on.
fn check_type(spec: &EventSpec, links: &Links) -> Result<(), RegistryError> {
    let (name, current) = (spec.event_type().as_str(), spec.schema_version());
    for version in (1..current.get()).map(SchemaVersion::new) {
        if !links.contains_key(&(name.to_owned(), version)) {
            let event_type = spec.event_type().clone();
            return Err(RegistryError::MissingUpcaster { event_type, version, current });
        }
    }
    Ok(())
}

fn check_link(link: &Link, specs: &Specs, links: &Links) -> Result<(), RegistryError> {
    let (name, version) = &link.from;
    if let Some(spec) = specs.get(name.as_str()) {
        let (event_type, version, current) = (name.clone(), *version, spec.schema_version());
        if version == current {
            return Err(RegistryError::FromCurrent { event_type, version });
        }
        if version > current {
            return Err(RegistryError::FromFuture { event_type, version, current });
        }
    }
    for (to, to_version) in &link.to {
        let current = specs.get(to.as_str()).map(|spec| spec.schema_version());
        if current != Some(*to_version) && !links.contains_key(&(to.clone(), *to_version)) {
            return Err(RegistryError::DeadEnd {
                from: name.clone(),
                from_version: *version,
                to: to.clone(),
                to_version: *to_version,
            });
        }
    }
    Ok(())
}

fn check_circle(start: &Shape, links: &Links) -> Result<(), RegistryError> {
    let mut seen: Vec<&Shape> = Vec::new();
    let mut left: Vec<&Shape> = links[start].to.iter().collect();
    while let Some(shape) = left.pop() {
        if shape == start {
            let (event_type, version) = start.clone();
            return Err(RegistryError::Circle { event_type, version });
        }
        if !seen.contains(&shape) {
            seen.push(shape);
            left.extend(links.get(shape).into_iter().flat_map(|link| &link.to));
        }
    }
    Ok(())
}
