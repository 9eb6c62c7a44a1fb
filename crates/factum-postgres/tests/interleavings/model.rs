//! Which interleavings there are, and what each must lead to.
//!
//! Two sessions go through their steps, and a store appends once; who asks for the log while
//! another one holds it waits in a queue. The model knows the queue, so it says which steps are
//! possible, which of them wait, and who is let in when.

use std::collections::VecDeque;

/// The two sessions are 0 and 1.
pub(crate) type Actor = usize;
/// The third actor: a store that appends by itself.
pub(crate) const STORE: Actor = 2;

/// How a session's transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    Rollback,
    /// At any time after it has asked for the log, also while it waits.
    Disconnect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    Append,
    Sql,
    Commit,
    Rollback,
    Disconnect,
}

pub(crate) type Move = (Actor, Step);

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Before,
    Began,
    Asked,
    Worked,
    Over,
}

/// Who waits in the queue of the log.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    actor: Actor,
    /// Disconnected while it waited: the server finds out once it has let it in.
    gone: bool,
}

/// What the steps so far have led to.
#[derive(Clone, Debug)]
pub(crate) struct World {
    ends: [End; 2],
    stands: [Stand; 2],
    store_asked: bool,
    queue: VecDeque<Waiting>,
    /// The events that are committed.
    pub(crate) head: u64,
    /// The position of the one event that was let in.
    pub(crate) winner: Option<u64>,
    /// What the holder of the log was answered: whether its event is to be stored.
    holder_stores: bool,
    /// The sessions whose rows are committed.
    pub(crate) rows: Vec<Actor>,
}

/// What an append is answered, as far as the model goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Stored at this position, if it is committed.
    Stored(u64),
    /// The event at this position came first.
    Lost(u64),
}

/// An actor that was let in, and its answer; nobody is left to hear the answer of one that is gone.
pub(crate) type Admitted = (Actor, Verdict);

impl World {
    pub(crate) fn new(ends: [End; 2], head: u64) -> Self {
        Self {
            ends,
            stands: [Stand::Before; 2],
            store_asked: false,
            queue: VecDeque::new(),
            head,
            winner: None,
            holder_stores: false,
            rows: Vec::new(),
        }
    }

    /// Who holds the log.
    pub(crate) fn holder(&self) -> Option<Actor> {
        self.queue.front().map(|it| it.actor)
    }

    /// The steps that are possible now. None once all is over.
    fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for actor in [0, 1] {
            let holds = self.holder() == Some(actor);
            let end = match self.ends[actor] {
                End::Commit => Step::Commit,
                End::Rollback => Step::Rollback,
                End::Disconnect => Step::Disconnect,
            };
            match self.stands[actor] {
                Stand::Before => moves.push((actor, Step::Begin)),
                Stand::Began => moves.push((actor, Step::Append)),
                Stand::Asked => {
                    if holds {
                        moves.push((actor, Step::Sql));
                    }
                    if end == Step::Disconnect {
                        moves.push((actor, end));
                    }
                }
                Stand::Worked => moves.push((actor, end)),
                Stand::Over => {}
            }
        }
        if !self.store_asked {
            moves.push((STORE, Step::Append));
        }
        moves
    }

    /// Takes a step. Who is let in by it, in order; only the last of them can still hold the log.
    pub(crate) fn take(&mut self, (actor, step): Move) -> Vec<Admitted> {
        match step {
            Step::Begin => self.stands[actor] = Stand::Began,
            Step::Sql => self.stands[actor] = Stand::Worked,
            Step::Append => {
                if actor == STORE {
                    self.store_asked = true;
                } else {
                    self.stands[actor] = Stand::Asked;
                }
                self.queue.push_back(Waiting { actor, gone: false });
                if self.queue.len() == 1 {
                    return self.admit();
                }
            }
            Step::Commit | Step::Rollback | Step::Disconnect => {
                let worked = self.stands[actor] == Stand::Worked;
                self.stands[actor] = Stand::Over;
                if self.holder() != Some(actor) {
                    let waits = self.queue.iter_mut().find(|it| it.actor == actor);
                    waits.expect("who disconnects waits or holds").gone = true;
                    return Vec::new();
                }
                if step == Step::Commit {
                    self.store_holders();
                    if worked {
                        self.rows.push(actor);
                    }
                }
                self.queue.pop_front();
                return self.admit();
            }
        }
        Vec::new()
    }

    /// Lets the queue in until someone holds the log.
    fn admit(&mut self) -> Vec<Admitted> {
        let mut admitted = Vec::new();
        while let Some(Waiting { actor, gone }) = self.queue.front().copied() {
            if !gone {
                let verdict = self.winner.map_or(Verdict::Stored(self.head + 1), Verdict::Lost);
                self.holder_stores = self.winner.is_none();
                admitted.push((actor, verdict));
                if actor != STORE {
                    break;
                }
                self.store_holders();
            }
            self.queue.pop_front();
        }
        admitted
    }

    fn store_holders(&mut self) {
        if self.holder_stores {
            self.head += 1;
            self.winner = Some(self.head);
        }
    }
}

/// How the sessions end, and the steps in their order.
pub(crate) type Interleaving = ([End; 2], Vec<Move>);

/// Every interleaving of two sessions and of an append by a store. The sessions are alike but for
/// their ends: what differs in their numbers only is listed once.
pub(crate) fn table() -> Vec<Interleaving> {
    const ENDS: [End; 3] = [End::Commit, End::Rollback, End::Disconnect];
    let mut table = Vec::new();
    for (index, one) in ENDS.into_iter().enumerate() {
        for two in &ENDS[index..] {
            let ends = [one, *two];
            let mut found = Vec::new();
            extend(&World::new(ends, 0), &mut Vec::new(), &mut found);
            let first = |moves: &[Move]| moves.iter().find(|(actor, _)| *actor != STORE).copied();
            found.retain(|it| ends[0] != ends[1] || first(it) == Some((0, Step::Begin)));
            table.extend(found.into_iter().map(|moves| (ends, moves)));
        }
    }
    table
}

/// Whether each session appends at once when it has begun: to begin takes no lock and sees nothing,
/// so there is little in when it does.
pub(crate) fn begins_late(moves: &[Move]) -> bool {
    let mut pairs = moves.windows(2);
    pairs.all(|pair| pair[0].1 != Step::Begin || pair[1] == (pair[0].0, Step::Append))
}

fn extend(world: &World, taken: &mut Vec<Move>, found: &mut Vec<Vec<Move>>) {
    let moves = world.moves();
    if moves.is_empty() {
        found.push(taken.clone());
    }
    for next in moves {
        let mut world = world.clone();
        world.take(next);
        taken.push(next);
        extend(&world, taken, found);
        taken.pop();
    }
}
