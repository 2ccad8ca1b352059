//! Requests that read data. They wait for a read permit.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use crate::Problem;
use crate::client::ClientAddress;
use crate::connection::Connection;
use crate::groups::Groups;
use crate::identity::Caller;
use crate::reads::Read;

/// A read request that holds its permit.
pub(crate) struct Reading {
    pub(crate) caller: Caller,
    read: Read,
    /// `None` with HTTP/2, where an answer leaves its body as the client makes room for it.
    connection: Option<Connection>,
}

impl Reading {
    /// Ends the read with its response.
    pub(crate) fn answer(self, response: HttpResponse) -> HttpResponse {
        self.read.answer(response, self.connection)
    }
}

impl FromRequest for Reading {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = Caller::extract(&request).await?;
            let read =
                Groups::of(&request)?.reads().begin(caller.actor(), ClientAddress::of(&request).network()).await?;
            Ok(Self { caller, read, connection: request.conn_data().cloned() })
        })
    }
}
