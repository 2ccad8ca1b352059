//! Invitations and requests to join in the sidebar, with a server that the page pretends to have: it says when an answer comes.

use super::{
    accessible::{axe, finds_nothing},
    embedded::Site,
};
use crate::support::{Browser, Page, Server};

/// A page with the real client and sidebar. `server.say` sends frames, and `server.answer` answers requests.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
  <title>Shop</title>
  <style>:root { color-scheme: light dark; }</style>
  <main><h1>Shop</h1><groups-sidebar style="height: 36rem; width: 20rem"></groups-sidebar></main>
  <script type="module">
    import { GroupsClient } from "https://groups.example/assets/groups-client.js";
    import "https://groups.example/assets/groups-sidebar.js";

    const [ADA, BOB] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
    const now = new Date().toISOString();
    const group = (number, name) => ({
      group_id: `01900000-0000-7000-8000-00000000000${number}`, name, description: "", member_count: 12, join_policy: "request",
    });
    const listed = (number, name) => ({ ...group(number, name), admin_id: ADA, version: 4, created_at: now, updated_at: now });
    const head = (type, { group_id }, version) =>
      ({ type, group_id, version, cursor: `${group_id} ${version}`, at: now, actor_id: ADA, actor_name: "Ada" });
    const later = (seconds) => new Date(Date.now() + seconds * 1_000).toISOString();
    const invitation = (number, name, role, expires_at) =>
      ({ group: group(number, name), role, invited_by: ADA, at: now, expires_at, version: 3 });

    globalThis.server = {
      group, listed, head, later,
      calls: [],
      answer: async () => ({ status: 204 }),
      refuse: async () => ({ status: 404, body: { code: "invitation_not_found", detail: "There is no such invitation." } }),
      say: (...frames) => frames.forEach((frame) => socket.onmessage({ data: JSON.stringify(frame) })),
    };
    let socket;
    class Socket {
      readyState = 1;
      constructor() {
        socket = this;
        setTimeout(() => server.say(
          { type: "welcome", user_id: BOB, connection_id: BOB, resumed: false, heartbeat_seconds: 25 },
          {
            type: "snapshot", groups: [{ ...listed(1, "Choir"), role: "member" }], more: false, cursor: "c",
            invitations: [
              invitation(4, "Garden", "admin", later(3 * 86_400 - 60)),
              invitation(3, "Kitchen", "member", later(119)),
              invitation(2, "Secret", "member", null),
            ],
            requests: [{ group: group(5, "Library"), message: "Please", at: now, version: 2 }],
          },
          { type: "ready", cursor: "c" },
        ));
      }
      send() {}
      close() {}
    }
    const fetch = async (url, { method }) => {
      server.calls.push(`${method} ${new URL(url).pathname.replace(/.*-0+/u, "")}`);
      const { status, body } = await server.answer();
      return new Response(status === 204 ? null : JSON.stringify(body), { status });
    };
    const getToken = () => `h.${btoa(JSON.stringify({ sub: BOB }))}.s`;
    const client = new GroupsClient({ url: location.origin, getToken, tabs: false, env: { WebSocket: Socket, fetch } });
    document.querySelector("groups-sidebar").client = client;
    client.connect();
  </script>
</html>
"#;

/// The server of the files, and the page at another origin.
async fn opens(browser: &Browser) -> (Server, Page<'_>) {
    let site = Site::new().await;
    let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", &site.origin())]).await;
    let url = format!("{}/", site.origin());
    site.serves(PAGE.replace("https://groups.example/", &format!("http://{}/", server.address())), String::new());
    let page = browser.window(&url).await;
    page.marks().await;
    sees(&page, "all of them", &["Garden", "Kitchen", "Secret", "Library"]).await;
    (server, page)
}

/// The names of the displayed invitations and requests to join.
async fn sees(page: &Page<'_>, what: &str, names: &[&str]) {
    let shown =
        "JSON.stringify(test.shown('groups-sidebar >>> li').map((row) => row.querySelector('bdi').textContent))";
    page.sees(what, &format!("{shown} === JSON.stringify({names:?})")).await;
}

/// The part, or for a row the name, that has the focus.
async fn has_focus(page: &Page<'_>, what: &str) {
    let focused = "(([element = document.body]) => element.localName === 'li' ? element.querySelector('bdi').textContent : element.part.value)(\
        test.all('groups-sidebar >>> :focus'))";
    page.sees(&format!("the focus is at {what}"), &format!("{focused} === '{what}'")).await;
}

async fn has_called(page: &Page<'_>, calls: &[&str]) {
    let said = page.value("server.calls.splice(0)").await;
    assert_eq!(said, serde_json::json!(calls));
}

#[tokio::test]
async fn invitations_and_requests_to_join_are_answered_with_mouse_and_keyboard() {
    let Some(browser) = Browser::start().await else { return };
    let (_server, page) = opens(&browser).await;
    let about = "test.text('groups-sidebar >>> li [part=meta]').join()";
    let texts = "12 members · as admin · expires in 2 days,12 members · expires in 2 minutes,12 members,12 members";
    page.sees("what they are", &format!("{about} === '{texts}'")).await;
    let sections = "test.text('groups-sidebar >>> section section h3').join()";
    page.sees("two sections", &format!("{sections} === 'Invitations,Requested'")).await;

    // A refusal: the element says why, and the entry stays.
    page.value("document.addEventListener('waiting-failed', ({ detail }) => (globalThis.failed = detail.error.code))")
        .await;
    page.value("server.answer = server.refuse").await;
    page.clicks("groups-sidebar >>> [part=accept]").await;
    page.sees("why", "test.text('groups-sidebar >>> [part=problem]').join() === 'There is no such invitation.'").await;
    page.sees("the event", "globalThis.failed === 'invitation_not_found'").await;
    has_focus(&page, "accept").await;
    has_called(&page, &["POST 4/invitations/me/accept"]).await;

    // The button is disabled during the call, and a second press is ignored.
    page.value("server.answer = () => new Promise((done) => (server.done = () => done({ status: 200, body: {} })))")
        .await;
    page.presses(" ", 32).await;
    page.sees("it is disabled", "test.shown('groups-sidebar >>> [aria-disabled=true]').length === 2").await;
    page.presses(" ", 32).await;
    has_focus(&page, "accept").await;
    page.sees("no reason", "test.shown('groups-sidebar >>> [part=problem]').length === 0").await;
    page.value("server.done()").await;
    sees(&page, "it is accepted", &["Kitchen", "Secret", "Library"]).await;
    has_called(&page, &["POST 4/invitations/me/accept"]).await;
    has_focus(&page, "Kitchen").await;
    let joined = "server.say({ ...server.head('added_to_group', server.group(4), 4), group_name: 'Garden', added_by: '', \
        role: 'admin', via: 'invitation', group: server.listed(4, 'Garden') })";
    page.value(joined).await;
    page.sees("the group", "test.shown('[role=option]').length === 2").await;
    has_focus(&page, "Kitchen").await;

    // The page can take over.
    page.value("server.answer = async () => ({ status: 204 })").await;
    page.value("document.addEventListener('invitation-decline', (event) => event.preventDefault(), { once: true })")
        .await;
    page.clicks("groups-sidebar >>> [part=decline]").await;
    page.clicks("groups-sidebar >>> [part=decline]").await;
    sees(&page, "it is declined", &["Secret", "Library"]).await;
    has_called(&page, &["DELETE 3/invitations/me"]).await;
    // The event about another one takes the focus from it.
    has_focus(&page, "Secret").await;
    page.value("server.say({ ...server.head('invitation_ended', server.group(2), 9), group_name: 'Secret', reason: 'withdrawn' })")
        .await;
    sees(&page, "it has ended", &["Library"]).await;
    let said = "test.all('groups-sidebar >>> [aria-live]')[0].textContent === 'The invitation to Secret has ended'";
    page.sees("screen readers are told", said).await;
    has_focus(&page, "Library").await;
    page.clicks("groups-sidebar >>> [part=withdraw]").await;
    sees(&page, "nothing is left", &[]).await;
    has_called(&page, &["DELETE 5/join"]).await;
    has_focus(&page, "list").await;

    // A new one, and another one in its place that expires immediately after.
    let invited = |version, seconds| {
        format!(
            "server.say({{ ...server.head('invited_to_group', server.group(6), {version}), group: server.group(6, 'Attic'), \
                role: 'member', invited_by: server.head('', {{}}, 0).actor_id, expires_at: server.later({seconds}) }})"
        )
    };
    page.value(&invited(2, 599)).await;
    sees(&page, "it is there", &["Attic"]).await;
    page.sees("who has invited", &format!("{about} === 'Ada invited you · expires in 10 minutes'")).await;
    page.value(&invited(3, 1)).await;
    sees(&page, "it has expired", &[]).await;
    page.was_not_reloaded().await;
}

#[tokio::test]
async fn axe_finds_no_violation_in_invitations_and_the_attribute_hides_them() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let (_server, page) = opens(&browser).await;
    page.value(&format!("{axe};undefined")).await;
    finds_nothing(&page, "invitations and a request to join").await;
    page.value("server.answer = server.refuse").await;
    page.clicks("groups-sidebar >>> [part=accept]").await;
    page.sees("a problem", "test.shown('groups-sidebar >>> [part=problem]').length === 1").await;
    finds_nothing(&page, "a problem").await;
    page.value("test.all('groups-sidebar')[0].setAttribute('no-invitations', '')").await;
    sees(&page, "none", &[]).await;
    page.value("test.all('groups-sidebar')[0].noInvitations = false").await;
    sees(&page, "they are back", &["Garden", "Kitchen", "Secret", "Library"]).await;
    page.was_not_reloaded().await;
}
