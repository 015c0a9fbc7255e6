//! The classes of errors.

/// The class of an error. Apps match on it. `docs/errors.md` lists all of them in a table, generated from these
/// comments.
///
/// A kind does not say what became of the act. [`Error::may_have_happened`](crate::Error::may_have_happened) and
/// [`Outcome`](crate::Outcome) do.
///
/// See the [example](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Access was never granted, or has ended.
    ///
    /// *Do:* Ask the patient for a grant, for example with a request. Repeating changes nothing.
    Denied,
    /// There is no such thing.
    ///
    /// *Do:* Check the name or address. A person without keys has to call `register` once. Do not
    /// repeat.
    NotFound,
    /// It exists, but is not available right now.
    ///
    /// *Do:* Repeat later, or name another store or node that has it.
    NotAvailable,
    /// Received data is not what it claims to be.
    ///
    /// *Do:* Show none of it and warn the person. Ask another store or node. If it fails again, the author or the node
    /// is at fault.
    Integrity,
    /// The account cannot pay.
    ///
    /// *Do:* Send ether to the account that the error names, or name a relay that pays. Then repeat.
    Unfunded,
    /// A person's keys are not the ones that were known.
    ///
    /// *Do:* Stop. Ask the person by voice, and exchange cards again.
    KeyChanged,
    /// No trusted authority vouches for an account.
    ///
    /// *Do:* Show the reason and let the person decide: another authority, or a card in place of a vouch.
    Untrusted,
    /// The chain no longer shows an act that it showed before.
    ///
    /// *Do:* Run `resume`: it sends the act again. If a person no longer wants it, call `Acts::give_up`. Until then
    /// nothing new is locked.
    Vanished,
    /// A service did not answer at all.
    ///
    /// *Do:* Repeat later, after a pause. If `transaction` names one, run `resume` first.
    Unreachable,
    /// A service did not answer in time.
    ///
    /// *Do:* Run `resume`, then look in the history. Repeat only what is not there.
    TimedOut,
    /// The request itself is wrong.
    ///
    /// *Do:* Show the text to the person, or correct the call. Do not repeat it unchanged.
    Invalid,
    /// The app cancelled the call before it took effect.
    ///
    /// *Do:* Nothing: `resume` removes what could not be removed at once.
    Cancelled,
    /// A concurrent change got in the way.
    ///
    /// *Do:* Look again, then repeat.
    Conflict,
    /// This account did it before.
    ///
    /// *Do:* Nothing: it is done. After an `add` that another device finished, `resume` tidies up.
    AlreadyDone,
    /// The clocks of the chain and of this machine differ too much.
    ///
    /// *Do:* Set the wrong clock right, or choose the one to use (`Config::clock`). Do not repeat before.
    ClockSkew,
    /// A local file cannot be read or written.
    ///
    /// *Do:* Show the text: it names the file and what to do, for example to make room.
    File,
    /// The chain is wrong, or the address has no contract or another one.
    ///
    /// *Do:* Correct the settings: RPC, chain id, contract or state directory. Do not repeat before.
    WrongContract,
    /// A service refused for another reason.
    ///
    /// *Do:* Show the reason. Use another node, relay or store, or change what it objects to (a fee, a size).
    Refused,
}

impl ErrorKind {
    pub(crate) fn is_outage(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut)
    }
}
