//! OPAQUE (RFC 9807): ristretto255, 3DH, SHA-512, and Argon2id with 64 MiB.
//!
//! Client and server name the node's host as the server's identity, so an answer that another host relays opens nothing.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialFinalization, CredentialRequest, CredentialResponse, Identifiers, RegistrationRequest,
    RegistrationResponse, RegistrationUpload, Ristretto255, ServerLogin, ServerLoginParameters, ServerRegistration,
    ServerSetup, TripleDh,
    errors::{InternalError, ProtocolError},
    generic_array::{ArrayLength, GenericArray},
    ksf::Ksf,
    rand::{CryptoRng, Error as RandError, RngCore},
};
use sha2_for_opaque::Sha512;
use zeroize::{Zeroize, Zeroizing};

use crate::{error::LoginError, seal::context::hkdf, seal::gcm};

/// What both sides agree on.
const CONTEXT: &[u8] = b"hospital-record/v1/login";
const ID: &str = "hospital-record/v1/login-id";
/// Memory in KiB, passes and lanes of Argon2id: OWASP asks for at least 19 MiB and two passes.
const STRETCH: (u32, u32, u32) = (64 * 1024, 3, 1);
/// The longest message of either side in bytes.
pub const LONGEST_MESSAGE: usize = 512;

struct Suite;

impl opaque_ke::CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = Stretch;
}

/// Makes each try of a password slow, also for somebody who has the node's keys.
#[derive(Default)]
struct Stretch;

impl Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(&self, input: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        let (memory, passes, lanes) = STRETCH;
        let params = Params::new(memory, passes, lanes, None).map_err(|_| InternalError::KsfError)?;
        let mut output = GenericArray::default();
        // The input is an output of the OPRF, which takes the place of a salt (RFC 9807).
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&input, &[0; 16], &mut output)
            .map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

/// The system's randomness, in the shape that OPAQUE takes.
struct System;

impl System {
    /// Fails here if there is none.
    fn new() -> Result<Self, LoginError> {
        gcm::random::<32>().map(|_| Self).map_err(|error| LoginError::Randomness(error.to_string()))
    }
}

impl CryptoRng for System {}

impl RngCore for System {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    #[expect(clippy::expect_used, reason = "the trait has no error, and the source answered a moment ago")]
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

/// What a password and the node's keys give together: a client that knows the password gets it, the node never does.
#[derive(Clone)]
pub struct ExportKey(Zeroizing<[u8; 64]>);

impl ExportKey {
    /// Wipes what it was in.
    fn take(mut from: impl AsRef<[u8]> + AsMut<[u8]>) -> Self {
        let mut key = Zeroizing::new([0; 64]);
        key.copy_from_slice(from.as_ref());
        from.as_mut().zeroize();
        Self(key)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl From<[u8; 64]> for ExportKey {
    fn from(bytes: [u8; 64]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for ExportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExportKey(..)")
    }
}

/// A client that registers a password.
pub struct Registering(ClientRegistration<Suite>);

impl Registering {
    /// Begins; returns the message for the node.
    ///
    /// # Errors
    /// [`LoginError::Randomness`], [`LoginError::Message`] for a password of more than 65,535 bytes.
    pub fn start(password: &[u8]) -> Result<(Self, Vec<u8>), LoginError> {
        let started = ClientRegistration::start(&mut System::new()?, password).map_err(|_| malformed("password"))?;
        Ok((Self(started.state), started.message.serialize().to_vec()))
    }

    /// Ends; returns the record that the node keeps, and the key.
    ///
    /// # Errors
    /// [`LoginError::Message`] if the node's answer is malformed.
    pub fn finish(self, password: &[u8], answer: &[u8], host: &str) -> Result<(Vec<u8>, ExportKey), LoginError> {
        let answer = RegistrationResponse::deserialize(answer).map_err(|_| malformed("node's answer"))?;
        let stretch = Stretch;
        let params = ClientRegistrationFinishParameters::new(identifiers(host), Some(&stretch));
        let finished = self.0.finish(&mut System::new()?, password, answer, params);
        let finished = finished.map_err(|_| malformed("node's answer"))?;
        Ok((finished.message.serialize().to_vec(), ExportKey::take(finished.export_key)))
    }
}

/// A client that logs in.
pub struct LoggingIn(ClientLogin<Suite>);

impl LoggingIn {
    /// Begins; returns the message for the node.
    ///
    /// # Errors
    /// As [`Registering::start`].
    pub fn start(password: &[u8]) -> Result<(Self, Vec<u8>), LoginError> {
        let started = ClientLogin::start(&mut System::new()?, password).map_err(|_| malformed("password"))?;
        Ok((Self(started.state), started.message.serialize().to_vec()))
    }

    /// Ends; returns the proof for the node, and the key.
    ///
    /// # Errors
    /// [`LoginError::Refused`] if the password is wrong, nobody has this name, or the answer is not by the node of this
    /// host: nobody can tell which.
    pub fn finish(self, password: &[u8], answer: &[u8], host: &str) -> Result<(Vec<u8>, ExportKey), LoginError> {
        let answer = CredentialResponse::deserialize(answer).map_err(|_| malformed("node's answer"))?;
        let stretch = Stretch;
        let params = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(host), Some(&stretch));
        match self.0.finish(&mut System::new()?, password, answer, params) {
            Ok(done) => Ok((done.message.serialize().to_vec(), ExportKey::take(done.export_key))),
            Err(ProtocolError::LibraryError(InternalError::KsfError)) => Err(LoginError::Memory),
            Err(_) => Err(LoginError::Refused),
        }
    }
}

/// The keys of a node. Whoever has them and the node's database can try passwords.
#[derive(Clone)]
pub struct ServerKeys(ServerSetup<Suite>);

impl ServerKeys {
    /// The length of the keys in bytes.
    pub const LENGTH: usize = 64 + 32 + 32;

    /// New keys.
    ///
    /// # Errors
    /// [`LoginError::Randomness`].
    pub fn random() -> Result<Self, LoginError> {
        Ok(Self(ServerSetup::new(&mut System::new()?)))
    }

    /// Reads [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// [`LoginError::Message`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoginError> {
        let keys = ServerSetup::deserialize(bytes).map(Self).ok().filter(|_| bytes.len() == Self::LENGTH);
        keys.ok_or_else(|| malformed("keys' file"))
    }

    /// The secret bytes.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialize().to_vec())
    }

    /// Names these keys, without revealing them.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.id("keys", b"")
    }

    /// What stands for a name in the database: without the keys nobody can tell which name it is.
    pub fn id(&self, kind: &str, name: &[u8]) -> [u8; 32] {
        let kind = u8::try_from(kind.len()).unwrap_or(u8::MAX).to_be_bytes().into_iter().chain(kind.bytes());
        let info: Vec<u8> = ID.bytes().chain(kind).chain(name.iter().copied()).collect();
        *hkdf::<32>(&self.to_bytes(), &[], &info)
    }

    /// Answers [`Registering::start`].
    ///
    /// # Errors
    /// [`LoginError::Message`].
    pub fn register(&self, id: &[u8; 32], request: &[u8]) -> Result<Vec<u8>, LoginError> {
        let request = RegistrationRequest::deserialize(request).map_err(|_| malformed("request"))?;
        let answer = ServerRegistration::<Suite>::start(&self.0, request, id).map_err(|_| malformed("request"))?;
        Ok(answer.message.serialize().to_vec())
    }

    /// Answers [`LoggingIn::start`]; returns the answer, and the state for [`finish`]. Without a record, for a name that
    /// nobody has, the answer looks the same and takes the same time.
    ///
    /// # Errors
    /// [`LoginError::Message`], [`LoginError::Randomness`].
    pub fn log_in(
        &self,
        id: &[u8; 32],
        record: Option<&[u8]>,
        request: &[u8],
        host: &str,
    ) -> Result<(Vec<u8>, Vec<u8>), LoginError> {
        let request = CredentialRequest::deserialize(request).map_err(|_| malformed("request"))?;
        let record = record.map(ServerRegistration::deserialize).transpose().map_err(|_| malformed("record"))?;
        let started = ServerLogin::start(&mut System::new()?, &self.0, record, request, id, parameters(host));
        let started = started.map_err(|_| malformed("request"))?;
        Ok((started.message.serialize().to_vec(), started.state.serialize().to_vec()))
    }
}

/// Whether these bytes are a record.
///
/// # Errors
/// [`LoginError::Message`].
pub fn check_record(record: &[u8]) -> Result<(), LoginError> {
    let upload = RegistrationUpload::<Suite>::deserialize(record).map_err(|_| malformed("record"))?;
    // Trailing bytes would be kept unseen.
    match ServerRegistration::finish(upload).serialize().as_slice() == record {
        true => Ok(()),
        false => Err(malformed("record")),
    }
}

/// Checks the proof of a client that knows the password.
///
/// # Errors
/// [`LoginError::Refused`].
pub fn finish(state: &[u8], proof: &[u8], host: &str) -> Result<(), LoginError> {
    let state = ServerLogin::<Suite>::deserialize(state).map_err(|_| malformed("state"))?;
    let proof = CredentialFinalization::deserialize(proof).map_err(|_| LoginError::Refused)?;
    state.finish(proof, parameters(host)).map(drop).map_err(|_| LoginError::Refused)
}

fn parameters(host: &str) -> ServerLoginParameters<'_, '_> {
    ServerLoginParameters { context: Some(CONTEXT), identifiers: identifiers(host) }
}

fn identifiers(host: &str) -> Identifiers<'_> {
    Identifiers { client: None, server: Some(host.as_bytes()) }
}

fn malformed(what: &'static str) -> LoginError {
    LoginError::Message(what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOST: &str = "clinic.example";
    const PASSWORD: &[u8] = b"correct horse battery";

    fn registered(keys: &ServerKeys, id: &[u8; 32]) -> (Vec<u8>, ExportKey) {
        let (registering, request) = Registering::start(PASSWORD).unwrap();
        let answer = keys.register(id, &request).unwrap();
        let (record, key) = registering.finish(PASSWORD, &answer, HOST).unwrap();
        check_record(&record).unwrap();
        (record, key)
    }

    /// The client's host is the first, the node's the second.
    fn log_in(
        keys: &ServerKeys,
        id: &[u8; 32],
        record: Option<&[u8]>,
        password: &[u8],
        hosts: (&str, &str),
    ) -> Result<ExportKey, LoginError> {
        let (logging_in, request) = LoggingIn::start(password)?;
        let (answer, state) = keys.log_in(id, record, &request, hosts.1)?;
        let (proof, key) = logging_in.finish(password, &answer, hosts.0)?;
        finish(&state, &proof, hosts.1).map(|()| key)
    }

    #[test]
    fn only_the_password_at_the_same_host_and_keys_logs_in() {
        let keys = ServerKeys::from_bytes(&ServerKeys::random().unwrap().to_bytes()).unwrap();
        let ana = keys.id("name", b"ana");
        let (record, key) = registered(&keys, &ana);
        let same = log_in(&keys, &ana, Some(&record), PASSWORD, (HOST, HOST)).unwrap();
        assert_eq!(same.as_bytes(), key.as_bytes());
        let (others, ben) = (ServerKeys::random().unwrap(), keys.id("name", b"ben"));
        let refused = |keys, id, record, password, hosts| {
            assert_eq!(log_in(keys, id, record, password, hosts).unwrap_err(), LoginError::Refused);
        };
        refused(&keys, &ana, Some(&record), b"correct horse batterz", (HOST, HOST));
        refused(&keys, &ben, None, PASSWORD, (HOST, HOST));
        // A database at another node, the record of another name, a host between.
        refused(&others, &ana, Some(&record), PASSWORD, (HOST, HOST));
        refused(&keys, &ben, Some(&record), PASSWORD, (HOST, HOST));
        refused(&keys, &ana, Some(&record), PASSWORD, ("evil.example", HOST));
        refused(&keys, &ana, Some(&record), PASSWORD, (HOST, "evil.example"));
    }

    #[test]
    fn unknown_name_gets_an_answer_of_the_same_shape() {
        let keys = ServerKeys::random().unwrap();
        let (ana, ben) = (keys.id("name", b"ana"), keys.id("name", b"ben"));
        let (record, _) = registered(&keys, &ana);
        let (_, request) = LoggingIn::start(PASSWORD).unwrap();
        let answer = |id, record| keys.log_in(id, record, &request, HOST).unwrap();
        let (known, unknown) = (answer(&ana, Some(&record[..])), answer(&ben, None));
        assert_eq!((known.0.len(), known.1.len()), (unknown.0.len(), unknown.1.len()));
        // Of one name, what depends on the name alone stays the same; all else is fresh.
        for (id, record) in [(&ana, Some(&record[..])), (&ben, None)] {
            let (one, other) = (answer(id, record).0, answer(id, record).0);
            assert_eq!(one[..32], other[..32]);
            assert_ne!(one[32..], other[32..]);
        }
    }

    #[test]
    fn malformed_messages_are_refused_and_never_panic() {
        let keys = ServerKeys::random().unwrap();
        let id = keys.id("name", b"ana");
        let (record, _) = registered(&keys, &id);
        let (_, request) = LoggingIn::start(PASSWORD).unwrap();
        let (_, state) = keys.log_in(&id, Some(&record), &request, HOST).unwrap();
        for bytes in [&[][..], &[0; 31], &[0; 32], &[255; 96], &[0; 192], &[7; 600]] {
            assert!(keys.register(&id, bytes).is_err(), "{}", bytes.len());
            assert!(keys.log_in(&id, Some(&record), bytes, HOST).is_err(), "{}", bytes.len());
            assert!(Registering::start(PASSWORD).unwrap().0.finish(PASSWORD, bytes, HOST).is_err());
            assert!(LoggingIn::start(PASSWORD).unwrap().0.finish(PASSWORD, bytes, HOST).is_err());
            assert!(finish(&state, bytes, HOST).is_err() && ServerKeys::from_bytes(bytes).is_err());
        }
        assert!(check_record(&[&record[..], &[0]].concat()).is_err());
        assert!(check_record(&record[1..]).is_err());
    }

    #[test]
    fn ids_tell_kinds_and_names_apart() {
        let keys = ServerKeys::random().unwrap();
        let ids = [keys.id("a", b"bc"), keys.id("ab", b"c"), keys.id("", b"abc"), keys.fingerprint()];
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[..place].contains(id));
        }
        assert_eq!(format!("{:?}", ExportKey::from([1; 64])), "ExportKey(..)");
    }
}
