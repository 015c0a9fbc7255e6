//! Boards of k of n people, and their cases: `client.boards`.

use futures::FutureExt;
use hospital_record::{
    Address, Client, Result as Done,
    board::{Board, Case, CaseWords, OpenCase, Released},
};
use wasm_bindgen::prelude::*;

use crate::{
    access,
    options::{Options, address, addresses, simple, whole},
    problem::thrown,
    signal::{ended, until_aborted},
    values::{Plain, acts, boards, each, list, shown, text},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface CreatedBoard extends Sent {
    board: Board;
}

export interface OpenCaseOptions extends Cancellable {
    /** Address or card of the account that needs access: this person, unless it is said. */
    to?: string;
    /** Needed if the patient granted several to the board: see `granted`. */
    scope?: ScopeId;
    /** Seconds of access, at most a day: 4 hours unless it is said. */
    lasting?: number;
}

/** A share that was due, and what became of it. */
export interface DueRelease {
    case: Case;
    released?: Released;
    error?: HospitalRecordError;
}
"#;

/// A board, as the calls take it.
#[wasm_bindgen(js_name = Board)]
pub struct JsBoard(pub(crate) Board);

#[wasm_bindgen(js_class = Board)]
impl JsBoard {
    /// Its account.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn address(&self) -> JsValue {
        text(self.0.address)
    }

    /// All of it as a plain object.
    #[wasm_bindgen(getter, unchecked_return_type = "BoardDetails")]
    pub fn details(&self) -> JsValue {
        boards::board(&self.0)
    }
}

/// A case of a board, as the calls take it.
#[wasm_bindgen(js_name = Case)]
pub struct JsCase(pub(crate) Case);

#[wasm_bindgen(js_class = Case)]
impl JsCase {
    /// Its id on chain.
    #[wasm_bindgen(getter, unchecked_return_type = "Hash")]
    pub fn id(&self) -> JsValue {
        text(self.0.id)
    }

    /// All of it as a plain object.
    #[wasm_bindgen(getter, unchecked_return_type = "CaseDetails")]
    pub fn details(&self) -> JsValue {
        boards::case(&self.0)
    }
}

/// Boards, as a patient, a member or a proxy: `client.boards`.
#[wasm_bindgen(js_name = Boards)]
pub struct JsBoards(pub(crate) Client);

/// Boards.
#[wasm_bindgen(js_class = Boards)]
impl JsBoards {
    /// Creates a board of these accounts. It does not ask them. After a lost answer, repeat it: it is the same board.
    #[wasm_bindgen(unchecked_return_type = "CreatedBoard")]
    pub async fn create(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number")] threshold: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Address[]")] members: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let members = addresses("members", members)?;
        // No board has so many members: it is refused.
        let threshold = u8::try_from(whole("threshold", &threshold)?).unwrap_or(u8::MAX);
        simple(options, self.0.boards().create(threshold, &members), |created| {
            let board = JsBoard(created.board.clone());
            Plain::new().with("board", board).sent(created.transaction, created.gas).done()
        })
        .await
    }

    /// Grants a folder or one record to a board: then k of its members together can let somebody read it.
    #[wasm_bindgen(unchecked_return_type = "Granted")]
    pub async fn grant(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_optional_param_type = "BoardGrantOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        access::make(self.0.boards().grant(&board.0), Options::of(options, access::GRANT)?).await
    }

    /// The scopes that a patient granted to a board. Only the patient knows the names of the folders.
    #[wasm_bindgen(unchecked_return_type = "ScopeId[]")]
    pub async fn granted(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().granted(&board.0, address(&patient)?), |all| each(all, shown)).await
    }

    /// Appoints somebody who can also veto cases about this person; without an account, nobody.
    #[wasm_bindgen(js_name = appointProxy, unchecked_return_type = "Confirmed")]
    pub async fn appoint_proxy(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_param_type = "Address | undefined")] proxy: Option<String>,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let proxy = proxy.as_deref().map(address).transpose()?;
        simple(options, self.0.boards().appoint_proxy(&board.0, proxy), acts::confirmed).await
    }

    /// Leaves a board, at once and for good.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn resign(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().resign(&board.0), acts::confirmed).await
    }

    /// Acknowledges, as a member, that another board succeeds this one; without an address, that none does.
    #[wasm_bindgen(js_name = acknowledgeSuccessor, unchecked_return_type = "Confirmed")]
    pub async fn acknowledge_successor(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_param_type = "Address | undefined")] successor: Option<String>,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let successor = successor.as_deref().map(address).transpose()?;
        let acknowledged = async {
            let successor = match successor {
                Some(address) => Some(self.0.system().board(address).await?),
                None => None,
            };
            self.0.boards().acknowledge_successor(&board.0, successor.as_ref()).await
        };
        simple(options, acknowledged, acts::confirmed).await
    }
}

/// Cases.
#[wasm_bindgen(js_class = Boards)]
impl JsBoards {
    /// Opens a case as a member. Only the patient and the members can read the reason.
    #[wasm_bindgen(js_name = openCase, unchecked_return_type = "Case")]
    pub async fn open_case(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        reason: String,
        #[wasm_bindgen(unchecked_optional_param_type = "OpenCaseOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["to", "scope", "lasting", "signal"])?;
        let open = self.0.boards().open_case(&board.0, address(&patient)?).reason(reason);
        let open = options.set(open, "to", Options::grantee, OpenCase::to)?;
        let open = options.set(open, "scope", Options::scope, OpenCase::scope)?;
        let open = options.set(open, "lasting", Options::seconds, OpenCase::lasting)?;
        ended(options.signal(), open, |case| JsCase(case.clone()).into()).await
    }

    /// Acknowledges a case as a member. With the last one that is needed, it takes effect.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn acknowledge(
        &self,
        case: &JsCase,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().acknowledge(&case.0), acts::confirmed).await
    }

    /// Ends a case, as the patient or the proxy.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn veto(
        &self,
        case: &JsCase,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().veto(&case.0), acts::confirmed).await
    }

    /// Signs a veto that anybody can carry at any time: `acts.carry` takes it.
    #[wasm_bindgen(js_name = signVeto, unchecked_return_type = "string")]
    pub async fn sign_veto(
        &self,
        case: &JsCase,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().sign_veto(&case.0), shown).await
    }

    /// Reviews a case that took effect, with a finding, or without an objection.
    #[wasm_bindgen(unchecked_return_type = "Reviewed")]
    pub async fn review(
        &self,
        case: &JsCase,
        #[wasm_bindgen(unchecked_param_type = "string | undefined")] finding: Option<String>,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().review(&case.0, finding.as_deref()), boards::reviewed).await
    }

    /// Releases this member's share to the account that a case lets in.
    #[wasm_bindgen(unchecked_return_type = "Released")]
    pub async fn release(
        &self,
        case: &JsCase,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().release(&case.0), boards::released).await
    }

    /// Releases all shares that this member owes, once.
    #[wasm_bindgen(js_name = releaseDue, unchecked_return_type = "DueRelease[]")]
    pub async fn release_due(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let signal = Options::of(options, &["signal"])?.signal();
        let due = async { self.0.boards().release_due(&board.0).await.map_err(thrown) };
        Ok(list(until_aborted(signal, due.boxed_local()).await?.into_iter().map(due_release)).into())
    }

    /// The reason of a case, for the patient and the members.
    #[wasm_bindgen(js_name = reasonOf, unchecked_return_type = "CaseWords")]
    pub async fn reason_of(
        &self,
        case: &JsCase,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.boards().reason_of(&case.0), boards::words).await
    }

    /// The finding of each review of a case, for the same people.
    #[wasm_bindgen(js_name = findingsOf, unchecked_return_type = "Finding[]")]
    pub async fn findings_of(
        &self,
        case: &JsCase,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let signal = Options::of(options, &["signal"])?.signal();
        let findings = async { Ok(self.0.boards().findings_of(&case.0).await) };
        Ok(list(until_aborted(signal, findings.boxed_local()).await?.into_iter().map(finding)).into())
    }
}

fn due_release((case, released): (Case, Done<Released>)) -> JsValue {
    let plain = Plain::new().with("case", JsCase(case));
    match released {
        Ok(released) => plain.with("released", boards::released(&released)),
        Err(error) => plain.with("error", thrown(error)),
    }
    .done()
}

fn finding((reviewer, words): (Address, Done<Option<CaseWords>>)) -> JsValue {
    let plain = Plain::new().with("reviewer", text(reviewer));
    match words {
        Ok(words) => plain.maybe("finding", words.as_ref().map(boards::words)),
        Err(error) => plain.with("error", thrown(error)),
    }
    .done()
}
