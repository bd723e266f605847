//! JSON-RPC, and plain requests, over one kept-alive HTTP/1.1 connection. A connection that broke is opened again.

use bytes::Bytes;
use eyre::{Context as _, OptionExt as _, Result, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, Uri, client::conn::http1::SendRequest, http::request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;

/// A node that does not answer for this long is not there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// `-32601`: there is no such method.
pub(crate) const METHOD_NOT_FOUND: i64 = -32_601;

/// An error that the node answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl std::fmt::Display for RpcError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl RpcError {
    pub(crate) fn from_json(error: &Value) -> Self {
        Self {
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// See the module's documentation.
pub(crate) struct Client {
    authority: String,
    path: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client of `url`, `http://host:port` and perhaps the path of a zone. Connects with its first request.
    ///
    /// # Errors
    /// The URL is something else.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let uri: Uri = url
            .parse()
            .wrap_err_with(|| format!("{url} is not a URL"))?;
        ensure!(
            uri.scheme_str() == Some("http"),
            "{url}: only http is spoken here"
        );
        let authority = uri.authority().ok_or_eyre("the URL names no host")?;
        Ok(Self {
            authority: authority.to_string(),
            path: uri.path().to_owned(),
            connection: None,
        })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.authority)
            .await
            .wrap_err_with(|| format!("cannot connect to {}", self.authority))?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Sends a body and gives the answer's.
    ///
    /// # Errors
    /// The node cannot be reached, does not answer in time, or answers with an HTTP error.
    pub(crate) async fn post(&mut self, body: Bytes) -> Result<Bytes> {
        let request = Request::post(&self.path).header("content-type", "application/json");
        self.exchange(request, body).await
    }

    /// Asks for a path, with these headers.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub(crate) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<Bytes> {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.exchange(request, Bytes::new()).await
    }

    async fn exchange(&mut self, request: request::Builder, body: Bytes) -> Result<Bytes> {
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connect().await?,
        };
        connection.ready().await?;
        let request = request
            .header("host", &self.authority)
            .body(Full::new(body))?;
        let exchange = async {
            let response = connection.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>((status, body))
        };
        let (status, body) = tokio::time::timeout(ANSWER_TIMEOUT, exchange)
            .await
            .wrap_err_with(|| format!("{} does not answer", self.authority))??;
        if status != StatusCode::OK {
            bail!(
                "{} answers {status}: {}",
                self.authority,
                String::from_utf8_lossy(&body)
            );
        }
        self.connection = Some(connection);
        Ok(body)
    }

    /// Calls a method; an error of the node is told apart from one of the connection.
    ///
    /// # Errors
    /// As [`Self::post`], or the answer is not JSON-RPC.
    pub(crate) async fn try_call(
        &mut self,
        method: &str,
        params: Value,
    ) -> Result<Result<Value, RpcError>> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = self.post(body.to_string().into()).await?;
        let mut answer: Value = serde_json::from_slice(&answer)?;
        match answer.get("error") {
            Some(error) => Ok(Err(RpcError::from_json(error))),
            None => Ok(Ok(answer["result"].take())),
        }
    }

    /// Calls a method that must succeed.
    ///
    /// # Errors
    /// As [`Self::try_call`], or the node answers with an error, or with another type.
    pub(crate) async fn call<T: DeserializeOwned>(
        &mut self,
        method: &str,
        params: Value,
    ) -> Result<T> {
        let value = self
            .try_call(method, params)
            .await?
            .map_err(|error| eyre::eyre!("{method}: {error}"))?;
        serde_json::from_value(value).wrap_err_with(|| format!("{method}: unexpected answer"))
    }

    /// Calls one method for many parameters, in one request; answers in the order of `params`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(crate) async fn call_batch(
        &mut self,
        method: &str,
        params: &[Value],
    ) -> Result<Vec<Value>> {
        let calls: Vec<Value> = params
            .iter()
            .enumerate()
            .map(|(id, params)| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .collect();
        let answer = self.post(serde_json::to_vec(&calls)?.into()).await?;
        let mut answers: Vec<Value> = serde_json::from_slice(&answer)?;
        answers.sort_by_key(|answer| answer["id"].as_u64());
        ensure!(
            answers.len() == params.len(),
            "{method}: a batch was answered in part"
        );
        Ok(answers
            .iter_mut()
            .map(|answer| answer["result"].take())
            .collect())
    }
}
