//! What the functions `append` and `act` answer, as the contract has it.

use std::ops::Range;

use factum_core::{
    AppendError, AppendRequest, Appended, Conflict, Expected, Guard, Position, Refusal, Revision,
    StoreError, StoreErrorKind, StreamId,
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
}

/// What the function says of one request.
struct Answer<'r> {
    verdict: i16,
    /// Counted from 1.
    place: usize,
    number: Option<i64>,
    owner: Option<&'r str>,
}

impl Answer<'_> {
    fn number(&self) -> Result<u64, Failure> {
        self.number.map(i64::cast_unsigned).ok_or_else(|| unexpected("a number"))
    }
}

/// The whole answer of the function, column by column; a column that says nothing is empty.
struct Answers<'r> {
    verdicts: Vec<i16>,
    places: Vec<Option<i32>>,
    numbers: Vec<Option<i64>>,
    owners: Vec<Option<&'r str>>,
    bases: Vec<Option<i64>>,
}

impl<'r> Answers<'r> {
    fn new(rows: &'r [Row]) -> Result<Self, Failure> {
        let row = rows.first().ok_or_else(|| unexpected("a row"))?;
        Ok(Self {
            verdicts: row.try_get::<_, Option<_>>(0)?.unwrap_or_default(),
            places: row.try_get::<_, Option<_>>(1)?.unwrap_or_default(),
            numbers: row.try_get::<_, Option<_>>(2)?.unwrap_or_default(),
            owners: row.try_get::<_, Option<_>>(3)?.unwrap_or_default(),
            bases: row.try_get::<_, Option<_>>(4)?.unwrap_or_default(),
        })
    }

    fn of(&self, request: usize) -> Answer<'r> {
        let place = self.places.get(request).copied().flatten();
        Answer {
            verdict: self.verdicts.get(request).copied().unwrap_or(0),
            place: usize::try_from(place.unwrap_or(0)).unwrap_or(0),
            number: self.numbers.get(request).copied().flatten(),
            owner: self.owners.get(request).copied().flatten(),
        }
    }
}

impl Group<'_> {
    /// The verdicts on the group's requests, in their order.
    pub(crate) fn verdicts<'q>(
        &self,
        requests: impl Iterator<Item = &'q AppendRequest>,
        rows: &[Row],
    ) -> Result<Vec<Verdict>, Failure> {
        let answers = Answers::new(rows)?;
        let mut begins = Begins::default();
        let mut verdicts = Vec::new();
        for (index, request) in requests.enumerate() {
            let writes = begins.writes..begins.writes + size(self.r_writes[index]);
            let answer = answers.of(index);
            verdicts.push(match answer.verdict {
                0 => match self.appended(request, writes, &answer, &answers.bases) {
                    Ok(appended) => Verdict::Stored(appended),
                    // It is stored, as the others are; only where is not known.
                    Err(unclear) => Verdict::Refused(doubtful(unclear)),
                },
                1 => Verdict::Known,
                _ => Verdict::Refused(
                    self.refused(request, begins, &answer)
                        .unwrap_or_else(|unclear| unclear.into_store_error("append").into()),
                ),
            });
            begins.writes += size(self.r_writes[index]);
            begins.guards += size(self.r_guards[index]);
        }
        Ok(verdicts)
    }

    fn appended(
        &self,
        request: &AppendRequest,
        writes: Range<usize>,
        answer: &Answer<'_>,
        bases: &[Option<i64>],
    ) -> Result<Appended, Failure> {
        let first = answer.number()?;
        let last_revision = |write: usize| {
            let base = bases.get(write).copied().flatten();
            let last =
                base.ok_or_else(|| unexpected("a revision"))? + i64::from(self.w_count[write]) - 1;
            Ok((self.w_name[write].clone(), Revision::new(last.cast_unsigned())))
        };
        Ok(Appended {
            first: (!request.events.is_empty()).then_some(Position::new(first)),
            last: Position::new(first + request.events.len() as u64 - 1),
            streams: writes.map(last_revision).collect::<Result<_, Failure>>()?,
            outcome: request.command.as_ref().map(|command| command.outcome.clone()),
            repeated: false,
        })
    }

    fn refused(
        &self,
        request: &AppendRequest,
        begins: Begins,
        answer: &Answer<'_>,
    ) -> Result<AppendError, Failure> {
        Ok(match answer.verdict {
            2 => {
                let stream = self.w_name.get(answer.place.wrapping_sub(1));
                let stream = StreamId::clone(stream.ok_or_else(|| unexpected("a stream"))?);
                Refusal::StreamDeleted { stream }.into()
            }
            3 | 4 => {
                let guard = request.guards.get(answer.place.wrapping_sub(1 + begins.guards));
                conflict(guard.ok_or_else(|| unexpected("a guard"))?, answer)?.into()
            }
            5 => {
                let claim = self.c_name.get(answer.place.wrapping_sub(1));
                let (claim, stream) = claim.ok_or_else(|| unexpected("a claim"))?;
                let owner = answer.owner.and_then(|owner| owner.parse().ok());
                let owner = owner.ok_or_else(|| unexpected("the holder of a claim"))?;
                let (name, stream) = (claim.name().to_owned(), StreamId::clone(stream));
                Conflict::Claim { name, stream, owner }.into()
            }
            other => return Err(unexpected(&format!("a known verdict instead of {other}"))),
        })
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
    let stream = stream.clone();
    let (verdict, place): (i32, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get(2)?, row.try_get(3)?);
    let revision = |number: i64| Revision::new(number.cast_unsigned());
    let refusal = match verdict {
        0 => {
            let position = place.ok_or_else(|| unexpected("a position"))?;
            let position = Position::new(position.cast_unsigned());
            let first = first.ok_or_else(|| unexpected("a revision"))?;
            return Ok(Ok(Appended {
                first: Some(position),
                last: position,
                streams: vec![(stream, revision(first))],
                outcome: None,
                repeated: false,
            }));
        }
        2 => Refusal::StreamDeleted { stream },
        3 => {
            let actual = last.map(revision);
            return Ok(Err(Conflict::Stream { stream, expected, actual }.into()));
        }
        6 => Refusal::StreamUnknown { stream },
        7 => Refusal::TruncateOutOfRange {
            stream,
            first: revision(first.unwrap_or_default()),
            last: revision(last.unwrap_or_default()),
            found: truncate_before.ok_or_else(|| unexpected("a verdict on a truncation"))?,
        },
        other => return Err(unexpected(&format!("a known verdict instead of {other}"))),
    };
    Ok(Err(refusal.into()))
}

fn size(count: i32) -> usize {
    usize::try_from(count).unwrap_or(0)
}

/// The error of a request that is stored although its answer makes no sense.
fn doubtful(unclear: Failure) -> AppendError {
    let cause = unclear.into_store_error("append");
    StoreError::new(StoreErrorKind::OutcomeUnknown, "append", cause.message()).into()
}

/// The function of the schema is not the one this program made.
fn unexpected(what: &str) -> Failure {
    Failure::Corrupt(format!("expected the store's own function to answer with {what}"))
}
