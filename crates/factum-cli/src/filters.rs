//! Filters over the log, the same for every command that reads it.

use clap::Args;
use factum::{Category, CorrelationId, EventType, Query, QueryItem, Tag};

use crate::outcome::Failure;

/// Which events. Several types: any of them. Several tags: all of them.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Filters {
    /// Only streams of this category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Only events of this type; may be repeated, any of them matches
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only events with this tag, name:value; may be repeated, all of them are needed
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only events that belong to this correlation
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
}

impl Filters {
    pub(crate) fn query(&self) -> Result<Query, Failure> {
        let item = QueryItem {
            category: self.category.as_deref().map(str::parse::<Category>).transpose()?,
            types: self.types.iter().map(EventType::new).collect::<Result<_, _>>()?,
            tags: self.tags.iter().map(|it| it.parse::<Tag>()).collect::<Result<_, _>>()?,
            correlation: self.correlation.as_deref().map(CorrelationId::new).transpose()?,
        };
        Ok(if item.is_all() { Query::all() } else { item.into() })
    }
}
