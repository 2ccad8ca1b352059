//! An application that mounts the service, in a thread of this process.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, rt::System, web};
use server::{Groups, GroupsBuilder, Problem};
use tokio::sync::oneshot;

use super::{Http, within};

/// An application in a thread of this process, with its own routes.
pub(crate) struct Application {
    pub(crate) http: Arc<Http>,
    pub(crate) groups: Groups,
    server: ServerHandle,
}

/// A route of the application below the prefix, for users of the service.
async fn caller(request: HttpRequest, groups: web::Data<Groups>) -> Result<String, Problem> {
    Ok(groups.identify(&request).await?.user_id.to_string())
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
                    let caller = web::get().to(caller);
                    App::new()
                        .app_data(web::Data::new(mounted.clone()))
                        .route("/", own)
                        .route("/realtime/caller", caller)
                        .configure(mounted.configure())
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
