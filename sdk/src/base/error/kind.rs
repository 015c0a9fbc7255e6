//! The classes of errors.

/// What an app matches on. `docs/errors.md` has all of them in one table, made from these lines.
///
/// A kind does not say what became of the act. [`Error::transaction`](crate::Error::transaction) and
/// [`Outcome`](crate::Outcome) do.
///
/// See the [example](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Access was not given, or has ended.
    ///
    /// *Do:* Ask the patient for a grant, for example with a request. Repeating changes nothing.
    Denied,
    /// There is no such thing.
    ///
    /// *Do:* Check the name or address. A person without keys has to call `register` once. Do not
    /// repeat.
    NotFound,
    /// It exists, but cannot be had right now.
    ///
    /// *Do:* Repeat later, or name another store or node that has it.
    NotAvailable,
    /// What was received is not what it claims to be.
    ///
    /// *Do:* Show nothing of it and warn the person. Ask another store or node. If it stays so, the author or the node
    /// is at fault.
    Integrity,
    /// The account cannot pay.
    ///
    /// *Do:* Send ether to the account that the error names, or name a relay that pays. Then repeat.
    Unfunded,
    /// A person's keys changed without a signature.
    ///
    /// *Do:* Stop. Ask the person by voice, and exchange cards again.
    KeyChanged,
    /// Nobody who is trusted vouches for an account.
    ///
    /// *Do:* Show the reason and let the person decide: another authority, or a card in place of a vouch.
    Untrusted,
    /// Something that the chain showed is gone.
    ///
    /// *Do:* Run `resume`: it sends it again. If a person no longer wants it, call `Acts::give_up`. Until then nothing
    /// new is locked.
    Vanished,
    /// No answer from a service.
    ///
    /// *Do:* Repeat later, after a pause. If `transaction` names one, run `resume` first.
    Unreachable,
    /// No answer in time.
    ///
    /// *Do:* Run `resume`, then look in the history. Repeat only what is not there.
    TimedOut,
    /// The request itself is wrong.
    ///
    /// *Do:* Show the text to the person, or mend the call. Do not repeat it unchanged.
    Invalid,
    /// Something else happened at the same time.
    ///
    /// *Do:* Look again, then repeat. If the clocks differ, set the wrong one right first.
    Conflict,
    /// A local file.
    ///
    /// *Do:* Show the text: it names the file and what to do, such as to make room.
    File,
    /// Wrong chain, no contract, or another contract.
    ///
    /// *Do:* Correct the settings: RPC, chain id, contract or state directory. Do not repeat before.
    WrongContract,
    /// A service refused.
    ///
    /// *Do:* Show the reason. Use another node, relay or store, or change what it objects to (a fee, a size).
    Refused,
}

impl ErrorKind {
    pub(crate) fn is_silence(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut)
    }
}
