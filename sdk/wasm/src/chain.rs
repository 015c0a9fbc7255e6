//! What a system knows without a key: histories, boards, vouches, the node.

use std::time::Duration;

use hospital_record::{Address, System, board::Cases, history::ReadHistory, node::NodeInfo};
use wasm_bindgen::prelude::*;

use crate::{
    boards::{JsBoard, JsCase},
    options::{Options, address, addresses, hash, simple},
    signal::ended,
    system::JsSystem,
    values::{self, Plain, acts, cut, date, each, list, text},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface NodeOptions extends Cancellable {
    /** Seconds that an answer of the node may take: 30 unless it is said. */
    timeout?: number;
}

export interface VerifyOptions extends Cancellable {
    /** A head from a source that you trust: the history must contain it. */
    trustedHead?: Hash;
}

export interface Cases {
    /** Newest first, as the node reports them. */
    cases: Case[];
    cut: Cut;
}
"#;

/// The default of a system.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The time limit for one answer of a node.
pub(crate) fn timeout(options: &Options) -> Result<Duration, JsValue> {
    Ok(options.seconds("timeout")?.unwrap_or(TIMEOUT))
}

/// A patient's history, in the words of a reader.
pub(crate) async fn history(system: &System, patient: Address, options: JsValue) -> Result<JsValue, JsValue> {
    let options = Options::of(options, &["names", "trustedHead", "signal"])?;
    let names = Options::of(options.value("names").unwrap_or_default(), values::history::NAMES)?;
    let history = options.set(system.history(patient), "trustedHead", Options::hash, ReadHistory::trusted_head)?;
    let show = |history: &_| values::history::history(history, system.deployment(), &names);
    ended(options.signal(), history, show).await
}

/// The chain and its histories.
#[wasm_bindgen(js_class = System)]
impl JsSystem {
    /// What the node at this address says that it offers.
    #[wasm_bindgen(js_name = nodeInfo, unchecked_return_type = "NodeInfo")]
    pub async fn node_info(
        url: String,
        #[wasm_bindgen(unchecked_optional_param_type = "NodeOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["timeout", "signal"])?;
        ended(options.signal(), NodeInfo::of(&url, timeout(&options)?), values::chain::node_info).await
    }

    /// Chain and contract.
    #[wasm_bindgen(getter, unchecked_return_type = "Deployment")]
    pub fn deployment(&self) -> JsValue {
        values::chain::deployment(self.0.deployment())
    }

    /// The present time, if the clocks of the chain and of this machine agree.
    #[wasm_bindgen(js_name = agreedTime, unchecked_return_type = "Date")]
    pub async fn agreed_time(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.agreed_time(), |time| date(*time).into()).await
    }

    /// A patient's whole history, every link of it checked. It needs no key.
    #[wasm_bindgen(unchecked_return_type = "History")]
    pub async fn history(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "HistoryOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        history(&self.0, address(&patient)?, options).await
    }

    /// How far a patient's history is complete, without its entries.
    #[wasm_bindgen(unchecked_return_type = "Completeness")]
    pub async fn verify(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "VerifyOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["trustedHead", "signal"])?;
        let verified = self.0.verify(address(&patient)?, options.hash("trustedHead")?);
        ended(options.signal(), verified, values::history::completeness).await
    }

    /// Accepts a history that lacks entries which were final here, if node and witness show it. Let a person decide this.
    #[wasm_bindgen(js_name = acceptChain, unchecked_return_type = "number")]
    pub async fn accept_chain(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.accept_chain(address(&patient)?), |entries| (*entries as f64).into()).await
    }

    /// Confirmed entries that the chain no longer shows; each is told once.
    #[wasm_bindgen(unchecked_return_type = "MissingEntry[]")]
    pub async fn news(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.news(), |all| each(all, acts::missing)).await
    }
}

/// Vouches.
#[wasm_bindgen(js_class = System)]
impl JsSystem {
    /// The chain of vouches that makes an account trusted, if there is one.
    #[wasm_bindgen(js_name = whyTrusted, unchecked_return_type = "Trust | undefined")]
    pub async fn why_trusted(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: String,
        #[wasm_bindgen(unchecked_param_type = "Address[]")] authorities: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let authorities = addresses("authorities", authorities)?;
        simple(options, self.0.why_trusted(address(&account)?, &authorities), |trust| why(trust.as_ref())).await
    }

    /// The same for several accounts, in their order.
    #[wasm_bindgen(js_name = whyEachIsTrusted, unchecked_return_type = "(Trust | undefined)[]")]
    pub async fn why_each_is_trusted(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address[]")] accounts: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Address[]")] authorities: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let accounts = addresses("accounts", accounts)?;
        let authorities = addresses("authorities", authorities)?;
        let trusted = self.0.why_each_is_trusted(&accounts, &authorities);
        simple(options, trusted, |all| each(all, |trust| why(trust.as_ref()))).await
    }

    /// The same, but an account that is not trusted is an error of kind `Untrusted`, with the reason.
    #[wasm_bindgen(js_name = requireTrusted, unchecked_return_type = "Trust")]
    pub async fn require_trusted(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: String,
        #[wasm_bindgen(unchecked_param_type = "Address[]")] authorities: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let authorities = addresses("authorities", authorities)?;
        simple(options, self.0.require_trusted(address(&account)?, &authorities), values::people::trust).await
    }
}

/// Boards.
#[wasm_bindgen(js_class = System)]
impl JsSystem {
    /// The board at this address. The address proves its members and its threshold.
    #[wasm_bindgen(unchecked_return_type = "Board")]
    pub async fn board(
        &self,
        #[wasm_bindgen(js_name = address, unchecked_param_type = "Address")] of: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.board(address(&of)?), |board| JsBoard(board.clone()).into()).await
    }

    /// The cases of a board, as the node reports them: it can hide one.
    #[wasm_bindgen(unchecked_return_type = "Cases")]
    pub async fn cases(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.cases(&board.0), listed).await
    }

    /// The cases of a board about one patient.
    #[wasm_bindgen(js_name = casesAbout, unchecked_return_type = "Cases")]
    pub async fn cases_about(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.cases_about(&board.0, address(&patient)?), listed).await
    }

    /// The case with this id, however many other cases there are.
    #[wasm_bindgen(unchecked_return_type = "Case")]
    pub async fn case(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_param_type = "Hash")] id: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.case(&board.0, hash("id", &id)?), |case| JsCase(case.clone()).into()).await
    }

    /// The account that a patient appointed at a board to veto cases, if any.
    #[wasm_bindgen(js_name = proxyOf, unchecked_return_type = "Address | undefined")]
    pub async fn proxy_of(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let proxy = self.0.proxy_of(&board.0, address(&patient)?);
        simple(options, proxy, |proxy| proxy.map(text).unwrap_or_default()).await
    }
}

fn why(trust: Option<&hospital_record::vouch::Trust>) -> JsValue {
    trust.map(values::people::trust).unwrap_or_default()
}

fn listed(cases: &Cases) -> JsValue {
    let all = list(cases.cases.iter().cloned().map(JsCase));
    Plain::new().with("cases", all).with("cut", cut(&cases.cut)).done()
}
