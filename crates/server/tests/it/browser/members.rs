//! `<groups-members>` beside the sidebar, in a third-party page built from its README.

use serde_json::json;

use super::{
    accessible::{axe, finds_nothing},
    embedded::{Site, readme},
};
use crate::support::{Browser, Page, Server, User, in_each_browser, new_id};

/// The displayed members: name, and role as text or as the value of its field.
const MEMBERS: &str = "test.shown('groups-members >>> [role=row]').map((row) => {
    const select = row.querySelector('[part=role-select]:not([hidden])');
    return [row.querySelector('bdi').textContent, select ? select.value : row.querySelector('.role span').textContent.toLowerCase()];
})";

/// The server, and the page of a user of it.
struct Shop {
    server: Server,
    site: Site,
}

impl Shop {
    async fn new() -> Self {
        let site = Site::new().await;
        let server = Server::with(&[("GROUPS_ALLOWED_ORIGINS", &site.origin())]).await;
        Self { server, site }
    }

    /// Opens the page of this user, and selects the group.
    async fn opens<'a>(self, browser: &'a Browser, user: &User, group: &str) -> (Server, Page<'a>) {
        let url = format!("{}/", self.site.origin());
        let page = readme(&self.server, "<groups-members");
        self.site.serves(
            format!("<!doctype html><html lang=\"en\"><title>Shop</title><main><h1>Shop</h1>{page}</main>"),
            user.token.clone(),
        );
        let page = browser.window(&url).await;
        page.marks().await;
        page.clicks_on("[role=option]", group).await;
        (self.server, page)
    }
}

async fn sees(page: &Page<'_>, what: &str, members: &[(&str, &str)]) {
    page.sees(what, &format!("JSON.stringify({MEMBERS}) === JSON.stringify({})", json!(members))).await;
}

/// Makes the host page record the events of the element, and prevent those with these names.
async fn records(page: &Page<'_>, prevented: &[&str]) {
    let script = "globalThis.heard = [];
        for (const name of ['member-selected', 'member-add', 'member-remove', 'member-role', 'member-failed', 'group-gone'])
          document.addEventListener(name, (event) => {
            heard.push([name, event.detail.member?.name ?? '', event.detail.role ?? '']);
            if (PREVENTED.includes(name)) event.preventDefault();
          });";
    page.value(&format!("(() => {{ {} }})()", script.replace("PREVENTED", &json!(prevented).to_string()))).await;
}

async fn heard(page: &Page<'_>, name: &str, member: &str, role: &str) {
    let event = json!([name, member, role]).to_string();
    page.sees(&event, &format!("heard.some((event) => JSON.stringify(event) === {})", json!(event))).await;
}

/// Chooses a role in the row of this member.
async fn chooses(page: &Page<'_>, member: &str, role: &str) {
    let row =
        format!("test.shown('groups-members >>> [role=row]').find((row) => row.innerText.includes({}))", json!(member));
    let choice = format!(
        "(() => {{ const select = {row}.querySelector('[part=role-select]'); select.value = '{role}';
           select.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
    );
    page.value(&choice).await;
}

in_each_browser! {
    the_members_of_the_selected_group_follow_every_change_without_a_reload
    an_owner_manages_members_in_the_element_and_the_page_can_take_over
}

async fn the_members_of_the_selected_group_follow_every_change_without_a_reload(browser: &Browser) {
    let shop = Shop::new().await;
    let (ada, bob, eve) = (shop.server.user_named("Ada"), shop.server.user_named("Bob"), shop.server.user_named("Eve"));
    // Names come from tokens.
    for user in [&bob, &eve] {
        user.creates("My own", &[]).await;
    }
    let group = ada.creates("Team", &[&bob]).await;
    let (_server, page) = shop.opens(browser, &bob, "Team").await;
    records(&page, &[]).await;
    sees(&page, "both members", &[("Ada", "owner"), ("Bob", "member")]).await;
    let none = "test.shown('groups-members >>> :is([part=remove], [part=role-select], [part=add])').length === 0";
    page.sees("no actions for a member", none).await;

    ada.adds_as(&group, &eve, "admin").await.ok(201);
    sees(&page, "Eve has joined", &[("Ada", "owner"), ("Bob", "member"), ("Eve", "admin")]).await;
    page.sees("the count", "test.text('groups-members >>> [part=total]').includes('3')").await;
    let announced =
        "test.all('groups-members >>> [aria-live=polite]').some((news) => news.textContent === 'Eve joined')";
    page.sees("screen readers are told", announced).await;
    ada.makes(&group, &eve, "owner").await.ok(200);
    sees(&page, "the new owner", &[("Ada", "admin"), ("Bob", "member"), ("Eve", "owner")]).await;
    eve.removes(&group, &ada).await.no_content();
    sees(&page, "Ada is removed", &[("Bob", "member"), ("Eve", "owner")]).await;
    page.clicks_on("groups-members >>> [role=row]", "Eve").await;
    heard(&page, "member-selected", "Eve", "").await;

    // Removed himself, and added again.
    eve.removes(&group, &bob).await.no_content();
    heard(&page, "group-gone", "", "").await;
    page.sees("why it is empty", "test.text('groups-members >>> [part=note]')[0]?.startsWith('You are not a member')")
        .await;
    eve.adds(&group, &bob).await.ok(201);
    sees(&page, "the list is back", &[("Eve", "owner"), ("Bob", "member")]).await;
    page.was_not_reloaded().await;
}

async fn an_owner_manages_members_in_the_element_and_the_page_can_take_over(browser: &Browser) {
    let shop = Shop::new().await;
    let (ada, bob, eve) = (shop.server.user_named("Ada"), shop.server.user_named("Bob"), shop.server.user_named("Eve"));
    for user in [&bob, &eve] {
        user.creates("My own", &[]).await;
    }
    let group = ada.creates("Team", &[&bob]).await;
    let (_server, page) = shop.opens(browser, &ada, "Team").await;
    sees(&page, "both members", &[("Ada", "owner"), ("Bob", "member")]).await;

    page.types("groups-members >>> [part=add-ids]", "nobody").await;
    page.clicks("groups-members >>> [part=add-submit]").await;
    page.sees("what is wrong", "test.text('groups-members >>> [part=said]')[0]?.startsWith('Enter a user id')").await;
    page.types("groups-members >>> [part=add-ids]", &format!("{}, {}", eve.id, bob.id)).await;
    page.clicks("groups-members >>> [part=add-submit]").await;
    page.sees(
        "the result",
        "test.text('groups-members >>> [part=said]')[0] === '1 person added. 1 person was not added.'",
    )
    .await;
    sees(&page, "Eve is added", &[("Ada", "owner"), ("Bob", "member"), ("Eve", "member")]).await;

    chooses(&page, "Bob", "admin").await;
    sees(&page, "Bob is an admin", &[("Ada", "owner"), ("Bob", "admin"), ("Eve", "member")]).await;
    let confirm = "test.shown('groups-members >>> dialog').length === 1";
    page.clicks("groups-members >>> [aria-label='Remove Eve']").await;
    page.sees("a question", confirm).await;
    page.clicks("groups-members >>> [part=cancel]").await;
    page.sees("it closes", &format!("!({confirm})")).await;
    assert_eq!(ada.lists_members(&group).await.len(), 3, "nothing was done");
    page.clicks("groups-members >>> [aria-label='Remove Eve']").await;
    page.clicks("groups-members >>> [part=submit]").await;
    sees(&page, "Eve is removed", &[("Ada", "owner"), ("Bob", "admin")]).await;

    // The page takes over: the element asks nothing and does nothing.
    records(&page, &["member-remove", "member-role"]).await;
    page.clicks("groups-members >>> [aria-label='Remove Bob']").await;
    heard(&page, "member-remove", "Bob", "").await;
    chooses(&page, "Bob", "owner").await;
    heard(&page, "member-role", "Bob", "owner").await;
    page.sees("no question", &format!("!({confirm})")).await;
    sees(&page, "the role is as before", &[("Ada", "owner"), ("Bob", "admin")]).await;
    page.was_not_reloaded().await;
}

#[tokio::test]
async fn a_handover_asks_first_and_a_refusal_is_shown() {
    let Some(browser) = Browser::start().await else { return };
    let shop = Shop::new().await;
    let (ada, bob) = (shop.server.user_named("Ada"), shop.server.user_named("Bob"));
    bob.creates("My own", &[]).await;
    let group = ada.creates("Team", &[&bob]).await;
    let (_server, page) = shop.opens(&browser, &ada, "Team").await;
    records(&page, &[]).await;
    sees(&page, "both members", &[("Ada", "owner"), ("Bob", "member")]).await;
    bob.call("PUT", &format!("/v1/me/blocks/{}", ada.id)).send().await.no_content();
    chooses(&page, "Bob", "owner").await;
    let asked =
        "test.text('groups-members >>> dialog p')[0] === 'Make Bob the owner of Team? You will become an admin.'";
    page.sees("a question", asked).await;
    // While the question is open, Bob leaves.
    bob.leaves(&group).await.no_content();
    sees(&page, "Bob is gone", &[("Ada", "owner")]).await;
    page.clicks("groups-members >>> [part=submit]").await;
    page.sees("why it failed", "test.shown('groups-members >>> [part=said]').length === 1").await;
    heard(&page, "member-failed", "", "").await;
    // A single user who may not be added is counted.
    page.types("groups-members >>> [part=add-ids]", &bob.id).await;
    page.clicks("groups-members >>> [part=add-submit]").await;
    page.sees(
        "the result",
        "test.text('groups-members >>> [part=said]')[0] === '0 people added. 1 person was not added.'",
    )
    .await;
}

#[tokio::test]
async fn the_members_that_one_user_saw_are_not_shown_to_the_next_user_of_the_same_client() {
    let Some(browser) = Browser::start().await else { return };
    let shop = Shop::new().await;
    let (ada, bob) = (shop.server.user_named("Ada"), shop.server.user_named("Bob"));
    ada.creates("Team", &[]).await;
    let (server, page) = shop.opens(&browser, &ada, "Team").await;
    sees(&page, "Ada", &[("Ada", "owner")]).await;
    page.value("document.querySelector('groups-members').focus()").await;
    page.sees("the row has the focus", "test.all('groups-members >>> [role=row]')[0].matches(':focus')").await;

    let connects = "(async () => {
        const { GroupsClient } = await import('http://ADDRESS/assets/groups-client.js');
        globalThis.token = FIRST;
        globalThis.client = new GroupsClient({ url: 'http://ADDRESS/', tabs: false, getToken: () => token });
        document.querySelector('groups-members').client = client;
        client.connect();
    })()";
    let connects = connects.replace("ADDRESS", &server.address().to_string());
    page.value(&connects.replace("FIRST", &json!(ada.token).to_string())).await;
    page.sees("the new client is live", "client.state === 'live'").await;
    sees(&page, "Ada", &[("Ada", "owner")]).await;
    page.value(&format!("(() => {{ client.close(); token = {}; client.connect(); }})()", json!(bob.token))).await;
    page.sees("Bob is live", &format!("client.state === 'live' && client.userId === '{}'", bob.id)).await;
    let note = "test.text('groups-members >>> [part=note]')[0]?.startsWith('You are not a member')";
    page.sees("why it is empty", note).await;
    sees(&page, "nobody", &[]).await;
    assert_eq!(page.value("test.all('groups-members')[0].shadowRoot.textContent.includes('Ada')").await, false);
}

#[tokio::test]
async fn a_large_group_is_loaded_as_the_user_moves_through_it_and_the_focus_is_never_lost() {
    const MEMBERS: usize = 450;
    const ROWS_MAX: usize = 50;
    const ROW_PX: usize = 60;
    let Some(browser) = Browser::start().await else { return };
    let shop = Shop::new().await;
    let (ada, zoe) = (shop.server.user_named("Ada"), shop.server.user_named("Zoe"));
    zoe.creates("My own", &[]).await;
    let group = ada.creates("Team", &[&zoe]).await;
    let ids: Vec<_> = (2..MEMBERS).map(|_| new_id()).collect();
    ada.adds_all(&group, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await.ok(201);
    let (_server, page) = shop.opens(&browser, &ada, "Team").await;
    page.sees("the count", &format!("test.text('groups-members >>> [part=total]').includes('{MEMBERS}')")).await;
    let rows = "test.all('groups-members >>> [role=row]').length";
    page.sees("few rows", &format!("{rows} > 5 && {rows} < {ROWS_MAX}")).await;
    page.sees(
        "how many there are",
        &format!("test.all('groups-members >>> [role=grid]')[0].ariaRowCount === '{MEMBERS}'"),
    )
    .await;

    page.value("test.shown('groups-members >>> [role=row]')[0].focus()").await;
    let focused = "test.all('groups-members')[0].shadowRoot.activeElement";
    let mut at = 1;
    while at < MEMBERS {
        let loaded = format!("test.all('groups-members >>> [part=space]')[0].offsetHeight > {at} * {ROW_PX}");
        page.sees("the next page", &loaded).await;
        page.presses("End", 35).await;
        let further = format!("{focused}?.matches('[role=row]') && +{focused}.ariaRowIndex > {at}");
        page.sees("further down", &further).await;
        at = page.value(&format!("+{focused}.ariaRowIndex")).await.as_u64().unwrap() as usize;
    }
    page.sees("few rows", &format!("{rows} > 5 && {rows} < {ROWS_MAX}")).await;
    let last = page.value(&format!("{focused}.id")).await;
    ada.call("DELETE", &format!("/v1/groups/{group}/members/{}", last.as_str().unwrap())).send().await.no_content();
    let moved = format!("{focused}?.matches('[role=row]') && +{focused}.ariaRowIndex === {}", MEMBERS - 1);
    page.sees("the focus moves to the row beside", &moved).await;
    page.presses("z", 90).await;
    page.sees("a letter finds a name", &format!("{focused}?.innerText.includes('Zoe')")).await;
    page.types("groups-members >>> [part=filter]", "zoe").await;
    page.sees("one row", &format!("{rows} === 1")).await;
    page.was_not_reloaded().await;
}

#[tokio::test]
async fn axe_finds_no_violation_in_the_element() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let shop = Shop::new().await;
    let (ada, bob) = (shop.server.user_named("Ada"), shop.server.user_named("Bob"));
    bob.creates("My own", &[]).await;
    let group = ada.creates("Team", &[&bob]).await;
    let (_server, page) = shop.opens(&browser, &ada, "Team").await;
    page.value(&format!("{axe};undefined")).await;
    sees(&page, "both members", &[("Ada", "owner"), ("Bob", "member")]).await;
    finds_nothing(&page, "members with actions").await;
    page.clicks("groups-members >>> [part=add-submit]").await;
    page.clicks("groups-members >>> [aria-label='Remove Bob']").await;
    page.sees("a question", "test.shown('groups-members >>> dialog').length === 1").await;
    finds_nothing(&page, "a question, and a problem").await;
    page.clicks("groups-members >>> [part=cancel]").await;
    ada.deletes(&group).await.no_content();
    page.sees("a note", "test.shown('groups-members >>> [part=note]').length === 1").await;
    finds_nothing(&page, "no longer a member").await;
}
