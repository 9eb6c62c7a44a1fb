//! One `<event>`: what stands in it, and the event that is made of it.

use factum::{CorrelationId, EventType, StreamId, Tags};

use super::attribute;
use super::xml::Step;
use super::{UnnamedTraces, XesSource};
use crate::import::json::{self, Object};
use crate::import::mapping::CaseEvent;
use crate::import::names::presentable;
use crate::import::source::{BadRow, Item, Trouble};
use crate::import::timestamps;

/// Where type and time stand among the fields, and where tags begin.
const TYPE: usize = 0;
const TIME: usize = 1;
const TAGS: usize = 2;

impl XesSource {
    /// Everything inside an `<event>`, up to its end.
    pub(super) fn event(&mut self, empty: bool) -> Result<Item, Trouble> {
        self.payload.clear();
        self.row.open_row(&mut self.payload);
        for field in &mut self.fields {
            field.value = None;
        }
        let line = self.xml.line();
        let mut open = !empty;
        while open {
            match self.xml.step()? {
                Step::Start(element) => {
                    let written = (&mut self.row, &mut self.payload);
                    let element = ("an event", element);
                    attribute::read(&mut self.xml, element, written, &mut self.fields)?;
                }
                Step::End { .. } => open = false,
                Step::Eof => {
                    return Err(self.xml.unexpected("</event>", "the end of the file").into());
                }
            }
        }
        Ok(self.finish(line)?)
    }

    /// The stream of the trace in hand.
    fn stream(&mut self, line: u64) -> Result<StreamId, BadRow> {
        let trace = self.trace.as_mut();
        let trace = trace.ok_or_else(|| BadRow::new(line, None, "expected a trace around it"))?;
        trace.events += 1;
        if let Some(fault) = &trace.fault {
            return Err(BadRow::new(line, None, format!("its trace: {fault}")));
        }
        if trace.stream.is_none() {
            self.counts.unnamed_traces += u64::from(trace.events == 1);
            if self.keys.unnamed_traces == UnnamedTraces::Number {
                let name = format!("trace-{}", self.counts.traces);
                let stream = self.names.stream(&name);
                trace.stream = Some(stream.map_err(|error| BadRow::new(line, None, error))?);
            }
        }
        trace.stream.clone().ok_or_else(|| {
            let reason = "expected it on the trace before its events, found none; \
                          --unnamed-traces number goes on";
            BadRow::new(line, Some(&self.keys.stream_key), reason)
        })
    }

    fn event_type(&mut self, line: u64) -> Result<EventType, BadRow> {
        let text = self.fields[TYPE].value.as_deref().unwrap_or_default();
        if presentable(text).is_empty() {
            self.counts.untyped_events += 1;
            if let Some(given) = &self.default_type {
                return Ok(given.clone());
            }
        }
        let made = self.names.event_type(text);
        made.map_err(|error| BadRow::new(line, Some(&self.keys.type_key), error))
    }

    fn tags(&mut self, line: u64) -> Result<Tags, BadRow> {
        let mut tags = Vec::with_capacity(self.tags.len());
        for (index, tag) in self.tags.iter().enumerate() {
            let value = self.fields[TAGS + index].value.as_deref().unwrap_or_default();
            if !presentable(value).is_empty() {
                let made = self.names.tag(index, &tag.name, value);
                tags.push(made.map_err(|error| BadRow::new(line, Some(&tag.field), error))?);
            }
        }
        Ok(Tags::from_iter(tags))
    }

    /// The event of the fields in hand.
    fn finish(&mut self, line: u64) -> Result<Item, BadRow> {
        let fault = self.xml.fault.take();
        let stream = self.stream(line)?;
        if let Some(fault) = fault {
            return Err(BadRow::new(line, None, fault));
        }
        let event_type = self.event_type(line)?;
        let tags = self.tags(line)?;
        let keys = &self.keys;
        let text = self.fields[TIME].value.as_deref().unwrap_or_default();
        let at = keys.times.read(text);
        let at = at.map_err(|error| BadRow::new(line, Some(&keys.time_key), error))?;
        let correlation = self.fields.get(TAGS + self.tags.len());
        let correlation = correlation.and_then(|it| it.value.as_deref()).map(presentable);
        let correlation = correlation.filter(|it| !it.is_empty()).map(CorrelationId::new);
        let correlation = correlation.transpose();
        let correlation = correlation
            .map_err(|error| BadRow::new(line, keys.correlation_key.as_deref(), error))?;
        // The envelope holds these two: they are in the payload only where it holds less.
        for (field, is_type) in self.fields.iter().zip([true, false]) {
            let Some(text) = &field.value else { continue };
            let is_exact =
                if is_type { text == event_type.as_str() } else { timestamps::is_exact(at, text) };
            if !is_exact {
                self.row.key(&mut self.payload, &field.key);
                json::string(&mut self.payload, text);
            }
        }
        Object::close(&mut self.payload);
        let case = self.cases.of("", stream.as_str());
        let trace = self.trace.as_mut().expect("an event outside of a trace has no stream");
        let write_case = !trace.object.is_empty() && case.attributes_changed(&trace.attributes);
        if write_case {
            trace.attributes.push(b'}');
        }
        let event = CaseEvent {
            line,
            stream,
            event_type,
            at,
            attributes: &self.payload,
            case: write_case.then_some(&trace.attributes),
            tags,
            correlation,
        };
        let item = event.into_item(case, &mut self.rows);
        if write_case {
            trace.attributes.pop();
        }
        Ok(item)
    }
}
