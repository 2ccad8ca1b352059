//! The five cases of the original design in each of the real browsers: what is displayed, without
//! any page reload. The other tests of the page need only one.

mod accessible;
mod embedded;
mod many;
mod members;
mod names;
mod operators;
mod pictures;
mod surroundings;
mod transports;
mod waiting;
mod ways_in;
mod windows;

use serde_json::json;

use crate::support::{Browser, Line, Page, Server, User, in_each_browser};

/// The sidebar row of this group: name, members and role as displayed; none if it is not listed.
const ROW: &str =
    "test.shown('[role=option]').find((row) => row.querySelector('[part~=name]').innerText.trim() === NAME)";

/// A user who signs in on the page.
struct Person<'a> {
    page: Page<'a>,
    name: &'static str,
}

impl<'a> Person<'a> {
    /// Opens a new window and signs in by name.
    async fn signs_in(browser: &'a Browser, url: &str, name: &'static str) -> Self {
        Self::signs_in_on(browser.window(url).await, name).await
    }

    async fn signs_in_on(page: Page<'a>, name: &'static str) -> Self {
        page.marks().await;
        page.types("[data-testid=sign-in-name]", name).await;
        page.clicks("[data-testid=sign-in-submit]").await;
        let person = Self { page, name };
        person.is("live").await;
        person
    }

    /// The displayed state of the connection.
    async fn is(&self, state: &str) {
        self.page.sees(&format!("{} is {state}", self.name), &shows_state(state)).await;
    }

    /// Creates a group with the user interface.
    async fn creates(&self, group: &str) {
        self.page.clicks("[data-testid=new-group]").await;
        self.page.types("[data-testid=create-dialog] [data-testid=group-name]", group).await;
        self.page.clicks("[data-testid=create-dialog] [data-testid=dialog-submit]").await;
        self.page.sees("the dialog closes", "test.all('[data-testid=create-dialog]').length === 0").await;
    }

    async fn opens(&self, group: &str) {
        self.page.clicks_on("[role=option]", group).await;
        let open = format!("test.text('[data-testid=group-title]').includes({})", json!(group));
        self.page.sees(&format!("{group} is open"), &open).await;
    }

    /// The id of the open group.
    async fn open_group(&self) -> String {
        let id = self.page.value("test.all('[data-testid=group]')[0].dataset.groupId").await;
        id.as_str().expect("an id").to_owned()
    }

    /// Sets the description of the open group with the user interface.
    async fn describes(&self, text: &str) {
        self.page.clicks("[data-testid=edit]").await;
        self.page.types("[data-testid=edit-dialog] [data-testid=group-description]", text).await;
        self.page.clicks("[data-testid=edit-dialog] [data-testid=dialog-submit]").await;
        self.page.sees("the dialog closes", "test.all('[data-testid=edit-dialog]').length === 0").await;
        self.page.sees("the description", "test.text('[data-testid=group-description-text]').length === 1").await;
    }

    /// Adds people by name to the open group with the user interface.
    async fn adds(&self, names: &[&str]) {
        self.page.clicks("[data-testid=add-members]").await;
        for name in names {
            self.page.types("[data-testid=add-dialog] [data-testid=people-input]", name).await;
            self.page.clicks_on("[data-testid=add-dialog] [data-testid=people-option]", name).await;
            let picked =
                format!("test.text('[data-testid=people-picked]').some((text) => text.includes({}))", json!(name));
            self.page.sees(&format!("{name} is picked"), &picked).await;
        }
        self.page.clicks("[data-testid=add-dialog] [data-testid=dialog-submit]").await;
        self.page.sees("the dialog closes", "test.all('[data-testid=add-dialog]').length === 0").await;
    }

    /// Waits until the sidebar shows the group with this many members and this role of the user.
    async fn sees(&self, group: &str, members: usize, role: &str) {
        let row = ROW.replace("NAME", &json!(group).to_string());
        let shown = format!(
            "(() => {{ const row = {row}; if (!row) return false;
              const text = (part) => row.querySelector(`[part~=${{part}}]`)?.innerText.trim().toLowerCase() ?? '';
              return parseInt(text('count')) === {members} && text('role').includes('{role}'); }})()"
        );
        let what = format!("{} sees {group} with {members} members, being its {role}", self.name);
        self.page.sees(&what, &shown).await;
    }

    async fn does_not_see(&self, group: &str) {
        let row = ROW.replace("NAME", &json!(group).to_string());
        self.page.sees(&format!("{} does not see {group}", self.name), &format!("!({row})")).await;
    }

    /// The number of groups in the sidebar.
    async fn sees_groups(&self, count: usize) {
        let shown = format!("test.shown('[role=option]').length === {count}");
        self.page.sees(&format!("{} sees {count} groups", self.name), &shown).await;
    }
}

/// A user who calls the API without the page.
async fn signs_in_without_page(server: &Server, name: &str) -> User {
    let login = server.http().call("POST", "/v1/dev/login").json(&json!({"name": name})).send().await.ok(200);
    let field = |field: &str| login[field].as_str().expect("a text").to_owned();
    server.user_with(field("user_id"), field("token"))
}

/// An expression for whether any sidebar shows this connection state.
fn shows_state(state: &str) -> String {
    format!("test.all('[part~=status]').some((status) => status.dataset.state === '{state}')")
}

fn url(server: &Server) -> String {
    format!("http://{}/", server.address())
}

in_each_browser! {
    the_creator_sees_a_new_group_immediately
    a_member_who_is_online_sees_the_group_when_added_and_the_admin_sees_the_count
    members_see_every_change_and_outsiders_see_none
    a_member_who_was_offline_sees_the_group_after_signing_in
    the_page_catches_up_after_its_connection_was_cut
}

async fn the_creator_sees_a_new_group_immediately(browser: &Browser) {
    let server = Server::in_development().await;
    let ada = Person::signs_in(browser, &url(&server), "Ada").await;
    let second = Person::signs_in_on(ada.page.second_window(&url(&server)).await, "Ada").await;
    ada.sees_groups(0).await;

    ada.creates("Project Team").await;
    for window in [&ada, &second] {
        window.sees("Project Team", 1, "owner").await;
        window.sees_groups(1).await;
        window.page.was_not_reloaded().await;
    }
}

async fn a_member_who_is_online_sees_the_group_when_added_and_the_admin_sees_the_count(browser: &Browser) {
    let server = Server::in_development().await;
    let ada = Person::signs_in(browser, &url(&server), "Ada").await;
    let bob = Person::signs_in(browser, &url(&server), "Bob").await;
    ada.creates("Project Team").await;
    ada.opens("Project Team").await;
    bob.sees_groups(0).await;

    ada.adds(&["Bob"]).await;
    bob.sees("Project Team", 2, "member").await;
    ada.sees("Project Team", 2, "owner").await;
    ada.page.sees("two members in the open group", "test.text('[data-testid=member]').length === 2").await;
    ada.page.sees("the count", "test.text('[data-testid=member-count]').some((text) => text.includes('2'))").await;
    for person in [&ada, &bob] {
        person.page.was_not_reloaded().await;
    }
}

async fn members_see_every_change_and_outsiders_see_none(browser: &Browser) {
    let server = Server::in_development().await;
    let ada = Person::signs_in(browser, &url(&server), "Ada").await;
    let bob = Person::signs_in(browser, &url(&server), "Bob").await;
    let eve = Person::signs_in(browser, &url(&server), "Eve").await;
    let stranger = Person::signs_in(browser, &url(&server), "Stranger").await;
    ada.creates("Project Team").await;
    ada.opens("Project Team").await;

    ada.adds(&["Bob", "Eve"]).await;
    bob.sees("Project Team", 3, "member").await;
    eve.sees("Project Team", 3, "member").await;
    ada.sees("Project Team", 3, "owner").await;

    // Changes made over the API are displayed as well.
    let program = signs_in_without_page(&server, "Ada").await;
    let group = program.lists().await[0]["group_id"].as_str().unwrap().to_owned();
    program.renames(&group, "The Whole Team").await.group(200);
    bob.sees("The Whole Team", 3, "member").await;
    let bobs = signs_in_without_page(&server, "Bob").await;
    program.makes(&group, &bobs, "admin").await.ok(200);
    bob.sees("The Whole Team", 3, "admin").await;
    bobs.leaves(&group).await.no_content();
    for person in [&ada, &eve] {
        person.sees("The Whole Team", 2, if person.name == "Ada" { "owner" } else { "member" }).await;
        person.page.was_not_reloaded().await;
    }
    bob.does_not_see("The Whole Team").await;
    program.deletes(&group).await.no_content();
    for person in [&ada, &eve] {
        person.sees_groups(0).await;
    }
    stranger.sees_groups(0).await;
    stranger.page.was_not_reloaded().await;
}

async fn a_member_who_was_offline_sees_the_group_after_signing_in(browser: &Browser) {
    let server = Server::in_development().await;
    let (ada, bob) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    let group = ada.creates("Project Team", &[]).await;
    ada.adds(&group, &bob).await.ok(201);
    ada.creates("None of Bob's business", &[]).await;

    let bob = Person::signs_in(browser, &url(&server), "Bob").await;
    bob.sees("Project Team", 2, "member").await;
    bob.sees_groups(1).await;
    bob.page.was_not_reloaded().await;
}

async fn the_page_catches_up_after_its_connection_was_cut(browser: &Browser) {
    let mut server = Server::in_development().await;
    let line = Line::to(server.address()).await;
    let bob = Person::signs_in(browser, &format!("http://{}/", line.address()), "Bob").await;
    let (ada, bobs) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    let kept = ada.creates("Kept", &[&bobs]).await;
    let lost = ada.creates("Lost", &[&bobs]).await;
    bob.sees("Kept", 2, "member").await;
    bob.sees("Lost", 2, "member").await;

    line.cut();
    let down = "test.all('[part~=status]').every((status) => status.dataset.state !== 'live')";
    bob.page.sees("Bob is cut off", down).await;
    ada.renames(&kept, "Renamed").await.group(200);
    ada.adds(&kept, &signs_in_without_page(&server, "Eve").await).await.ok(201);
    ada.removes(&lost, &bobs).await.no_content();
    ada.creates("New", &[&bobs]).await;
    line.mend();
    bob.is("live").await;
    bob.sees("Renamed", 3, "member").await;
    bob.sees("New", 2, "member").await;
    bob.sees_groups(2).await;

    // Also after the server itself was down.
    server.kill();
    bob.page.sees("Bob is cut off", down).await;
    server.launch().await;
    let ada = signs_in_without_page(&server, "Ada").await;
    ada.deletes(&kept).await.no_content();
    bob.is("live").await;
    bob.does_not_see("Renamed").await;
    bob.sees("New", 2, "member").await;
    bob.page.still_there().await;
}
