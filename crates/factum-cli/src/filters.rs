//! Filters over the log, the same for every command that reads it.

use clap::Args;
use factum::{
    Category, CorrelationId, EventType, Query, QueryItem, StreamFilter, StreamId, StreamPrefix, Tag,
};

use crate::outcome::Failure;

/// Which events. Several types: any of them. Several tags: all of them.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Filters {
    /// Only this stream, category/id
    #[arg(long, value_name = "STREAM", conflicts_with = "stream_prefix")]
    stream: Option<String>,
    /// Only streams whose whole name begins so: order/2026-, or order/ for a category
    #[arg(long, value_name = "TEXT")]
    stream_prefix: Option<String>,
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
        let stream = self.stream.as_deref().map(str::parse::<StreamId>).transpose()?;
        let prefix = self.stream_prefix.as_deref().map(StreamPrefix::new).transpose()?;
        let item = QueryItem {
            streams: stream.map(StreamFilter::from).or(prefix.map(StreamFilter::from)),
            category: self.category.as_deref().map(str::parse::<Category>).transpose()?,
            types: self.types.iter().map(EventType::new).collect::<Result<_, _>>()?,
            tags: self.tags.iter().map(|it| it.parse::<Tag>()).collect::<Result<_, _>>()?,
            correlation: self.correlation.as_deref().map(CorrelationId::new).transpose()?,
        };
        Ok(if item.is_all() { Query::all() } else { item.into() })
    }
}
