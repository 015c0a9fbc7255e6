//! Login with a name and a password, and the vault that it opens.
//!
//! A person's recovery phrase lies sealed at a node ([`sealed`]). The key to it comes from the password by OPAQUE
//! ([`opaque`], RFC 9807), in which the node never learns the password, and whoever steals the node's database cannot
//! try passwords: that takes the node's own keys too.
//!
//! ```
//! use hospital_record_core::vault::opaque::{self, LoggingIn, Registering, ServerKeys};
//!
//! let (keys, host, password) = (ServerKeys::random()?, "clinic.example", b"correct horse battery");
//! let name = keys.id("name", b"ana");
//!
//! let (registering, request) = Registering::start(password)?;
//! let (record, key) = registering.finish(password, &keys.register(&name, &request)?, host)?;
//!
//! let (logging_in, request) = LoggingIn::start(password)?;
//! let (answer, state) = keys.log_in(&name, Some(&record), &request, host)?;
//! let (proof, same_key) = logging_in.finish(password, &answer, host)?;
//! opaque::finish(&state, &proof, host)?;
//! assert_eq!(key.as_bytes(), same_key.as_bytes());
//! # Ok::<(), hospital_record_core::error::LoginError>(())
//! ```

pub mod opaque;
pub mod sealed;
