//! What the functions `append` and `act` answer, as the contract has it.

use factum_core::{
    AppendError, AppendRequest, Appended, Conflict, Expected, Guard, Position, Refusal, Revision,
    StreamId,
};
use tokio_postgres::Row;

use crate::error::Failure;
use crate::group::Group;

/// What became of one request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Stored.
    Stored(Appended),
    /// Its command was answered before; the answer is in the table of commands.
    Known,
    /// Not stored.
    Refused(AppendError),
}

/// Where a request's entries begin in the columns of its group.
#[derive(Clone, Copy, Default)]
struct Begins {
    writes: usize,
    guards: usize,
    claims: usize,
}

/// A row of the answer.
struct Answer<'r> {
    verdict: i16,
    /// Counted from 1.
    place: usize,
    number: Option<i64>,
    head: Option<i64>,
    owner: Option<&'r str>,
    bases: Vec<i64>,
}

impl<'r> Answer<'r> {
    fn new(row: &'r Row) -> Result<Self, Failure> {
        let bases: Option<Vec<i64>> = row.try_get(5)?;
        let place: Option<i32> = row.try_get(1)?;
        Ok(Self {
            verdict: row.try_get(0)?,
            place: usize::try_from(place.unwrap_or(0)).unwrap_or(0),
            number: row.try_get(2)?,
            head: row.try_get(3)?,
            owner: row.try_get(4)?,
            bases: bases.unwrap_or_default(),
        })
    }

    fn number(&self) -> Result<u64, Failure> {
        self.number.map(i64::cast_unsigned).ok_or_else(|| unexpected("a number"))
    }
}

impl Group<'_> {
    /// The verdicts on the group's requests, in their order.
    pub(crate) fn verdicts<'r>(
        &self,
        requests: impl Iterator<Item = &'r AppendRequest>,
        rows: &[Row],
    ) -> Result<Vec<Verdict>, Failure> {
        let mut begins = Begins::default();
        let mut verdicts = Vec::with_capacity(rows.len());
        for (index, request) in requests.enumerate() {
            let row = rows.get(index).ok_or_else(|| unexpected("a row for each request"))?;
            verdicts.push(self.verdict(index, request, begins, &Answer::new(row)?)?);
            begins.writes += size(self.r_writes[index]);
            begins.guards += size(self.r_guards[index]);
            begins.claims += size(self.r_claims[index]);
        }
        Ok(verdicts)
    }

    fn verdict(
        &self,
        index: usize,
        request: &AppendRequest,
        begins: Begins,
        answer: &Answer<'_>,
    ) -> Result<Verdict, Failure> {
        let refused = |error: AppendError| Ok(Verdict::Refused(error));
        match answer.verdict {
            0 => {
                let writes = begins.writes..begins.writes + size(self.r_writes[index]);
                let last_revision = |(write, base): (usize, &i64)| {
                    let last = base + i64::from(self.w_count[write]) - 1;
                    (self.w_name[write].clone(), Revision::new(last.cast_unsigned()))
                };
                let first = answer.number()?;
                let head = answer.head.ok_or_else(|| unexpected("the head"))?;
                Ok(Verdict::Stored(Appended {
                    first: (!request.events.is_empty()).then_some(Position::new(first)),
                    last: Position::new(head.cast_unsigned()),
                    streams: writes.zip(&answer.bases).map(last_revision).collect(),
                    outcome: request.command.as_ref().map(|command| command.outcome.clone()),
                    repeated: false,
                }))
            }
            1 => Ok(Verdict::Known),
            2 => {
                let stream = self.w_name.get(answer.place.wrapping_sub(1));
                let stream = StreamId::clone(stream.ok_or_else(|| unexpected("a stream"))?);
                refused(Refusal::StreamDeleted { stream }.into())
            }
            3 | 4 => {
                let guard = request.guards.get(answer.place.wrapping_sub(1 + begins.guards));
                let conflict = conflict(guard.ok_or_else(|| unexpected("a guard"))?, answer)?;
                refused(conflict.into())
            }
            5 => {
                let claim = self.c_name.get(answer.place.wrapping_sub(1));
                let (claim, stream) = claim.ok_or_else(|| unexpected("a claim"))?;
                let owner = answer.owner.and_then(|owner| owner.parse().ok());
                let owner = owner.ok_or_else(|| unexpected("the holder of a claim"))?;
                let (name, stream) = (claim.name().to_owned(), StreamId::clone(stream));
                refused(Conflict::Claim { name, stream, owner }.into())
            }
            other => Err(unexpected(&format!("a known verdict instead of {other}"))),
        }
    }
}

fn conflict(guard: &Guard, answer: &Answer<'_>) -> Result<Conflict, Failure> {
    Ok(match guard.clone() {
        Guard::Stream { stream, expected } => {
            let actual = answer.number.map(|last| Revision::new(last.cast_unsigned()));
            Conflict::Stream { stream, expected, actual }
        }
        Guard::NoneMatch { query, after } => {
            Conflict::Query { query, after, found: Position::new(answer.number()?) }
        }
    })
}

/// The verdict on an act on a stream.
pub(crate) fn act_verdict(
    row: &Row,
    stream: &StreamId,
    expected: Expected,
    truncate_before: Option<Revision>,
) -> Result<Result<Appended, AppendError>, Failure> {
    let answer = Answer::new(row)?;
    let stream = stream.clone();
    let refusal = match answer.verdict {
        0 => {
            let position = Position::new(answer.number()?);
            let base = answer.bases.first().ok_or_else(|| unexpected("a revision"))?;
            return Ok(Ok(Appended {
                first: Some(position),
                last: position,
                streams: vec![(stream, Revision::new(base.cast_unsigned()))],
                outcome: None,
                repeated: false,
            }));
        }
        2 => Refusal::StreamDeleted { stream },
        3 => {
            let actual = answer.number.map(|last| Revision::new(last.cast_unsigned()));
            return Ok(Err(Conflict::Stream { stream, expected, actual }.into()));
        }
        6 => Refusal::StreamUnknown { stream },
        7 => Refusal::TruncateOutOfRange {
            stream,
            first: Revision::new(answer.number()?),
            last: Revision::new(answer.head.unwrap_or_default().cast_unsigned()),
            found: truncate_before.ok_or_else(|| unexpected("a verdict on a truncation"))?,
        },
        other => return Err(unexpected(&format!("a known verdict instead of {other}"))),
    };
    Ok(Err(refusal.into()))
}

fn size(count: i32) -> usize {
    usize::try_from(count).unwrap_or(0)
}

/// The function of the schema is not the one this program made.
fn unexpected(what: &str) -> Failure {
    Failure::Corrupt(format!("expected the store's own function to answer with {what}"))
}
