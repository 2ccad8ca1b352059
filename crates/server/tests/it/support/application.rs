//! An application that mounts the service, in a thread of this process.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, rt::System, web};
use server::{Groups, GroupsBuilder};
use tokio::sync::oneshot;

use super::{Http, within};

/// An application in a thread of this process, with its own route.
pub(crate) struct Application {
    pub(crate) http: Arc<Http>,
    pub(crate) groups: Groups,
    server: ServerHandle,
}

impl Application {
    pub(crate) async fn start(builder: GroupsBuilder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = Arc::new(Http::new(listener.local_addr().unwrap()));
        let (tell, told) = oneshot::channel();
        std::thread::spawn(move || {
            System::new().block_on(async {
                let groups = builder.open().await.unwrap();
                let mounted = groups.clone();
                let server = server::http_server(move || {
                    let own = web::get().to(async || HttpResponse::Ok().body("the application's own"));
                    App::new().route("/", own).configure(mounted.configure())
                })
                .workers(1)
                .shutdown_timeout(1)
                .listen(listener)
                .unwrap()
                .run();
                tell.send((groups, server.handle())).ok();
                server.await.unwrap();
            });
        });
        let (groups, server) = within("a start", told).await.unwrap();
        Self { http, groups, server }
    }

    pub(crate) async fn stop(self) {
        self.groups.stop(Duration::ZERO).await;
        self.server.stop(true).await;
    }
}
