//! Ways into and out of a group with the user interface: invitations, requests to join, links, bans and the directory.

use serde_json::json;

use super::accessible::{axe, finds_nothing};
use super::{Person, signs_in_without_page, url};
use crate::support::{Browser, Server};

impl Person<'_> {
    /// Opens a group where its owner and admins see who waits, who is invited, links and bans.
    async fn opens_access(&self, group: &str) {
        self.opens(group).await;
        self.page.clicks("[data-testid=tab-access]").await;
        self.page.sees("the access panel", "test.shown('[data-testid=access-panel]').length === 1").await;
    }

    /// Picks people in the open dialog, by name.
    async fn picks(&self, names: &[&str]) {
        for name in names {
            self.page.types("dialog [data-testid=people-input]", name).await;
            self.page.clicks_on("dialog [data-testid=people-option]", name).await;
            let picked =
                format!("test.text('[data-testid=people-picked]').some((text) => text.includes({}))", json!(name));
            self.page.sees(&format!("{name} is picked"), &picked).await;
        }
    }

    /// Submits the open dialog and waits until it has closed.
    async fn submits(&self, dialog: &str) {
        self.page.clicks(&format!("[data-testid={dialog}] [data-testid=dialog-submit]")).await;
        self.page.sees("the dialog closes", &format!("test.all('[data-testid={dialog}]').length === 0")).await;
    }

    /// Chooses an option of a select element.
    async fn chooses(&self, select: &str, value: &str) {
        let change = format!(
            "(() => {{ const [select] = test.shown('[data-testid={select}]');
               select.value = '{value}'; select.dispatchEvent(new Event('change', {{bubbles: true}})); }})()"
        );
        self.page.sees(select, &format!("test.shown('[data-testid={select}]').length === 1")).await;
        self.page.value(&change).await;
    }

    /// Waits until a list shows exactly these rows: the texts that they contain, in this order.
    async fn lists(&self, row: &str, texts: &[&str]) {
        let shown = format!(
            "(() => {{ const rows = test.text('[data-testid={row}]'), texts = {};
               return rows.length === texts.length && rows.every((row, index) => row.includes(texts[index])); }})()",
            json!(texts)
        );
        self.page.sees(&format!("{}: {row} {texts:?}", self.name), &shown).await;
    }

    /// Waits until the badge of the open group has this text; empty if it is hidden.
    async fn sees_badge(&self, text: &str) {
        let shown = format!("(test.text('[data-testid=access-badge]')[0] ?? '') === '{text}'");
        self.page.sees(&format!("{} sees the badge {text:?}", self.name), &shown).await;
    }

    /// Waits until a toast says this.
    async fn is_told(&self, text: &str) {
        let shown =
            format!("test.text('[data-testid=toast] .toast-text').some((said) => said.includes({}))", json!(text));
        self.page.sees(&format!("{} is told {text:?}", self.name), &shown).await;
    }

    /// The link in the open dialog, which is then closed.
    async fn takes_link(&self) -> String {
        self.page.sees("the link", "test.shown('[data-testid=link-url]').length === 1").await;
        self.page.sees("its code", "test.shown('[data-testid=link-qr] svg[role=img]').length === 1").await;
        let link = self.page.value("test.all('[data-testid=link-url]')[0].value").await;
        self.submits("new-link-dialog").await;
        link.as_str().expect("a link").to_owned()
    }
}

#[tokio::test]
async fn an_invited_person_accepts_in_the_sidebar_and_the_owner_sees_it() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    let fay = Person::signs_in(&browser, &url(&server), "Fay").await;
    let eve = Person::signs_in(&browser, &url(&server), "Eve").await;
    ada.creates("Project Team").await;
    ada.opens_access("Project Team").await;

    ada.page.clicks("[data-testid=invite]").await;
    ada.picks(&["Fay", "Eve"]).await;
    ada.chooses("people-role", "admin").await;
    ada.chooses("invitation-expiry", "").await;
    ada.submits("invite-dialog").await;
    ada.lists("invitation", &["Fay", "Eve"]).await;
    ada.lists("invitation", &["as admin · by Ada · does not expire"; 2]).await;
    for person in [&fay, &eve] {
        person.is_told("Ada invited you to Project Team.").await;
        person.sees_groups(0).await;
    }

    ada.page.clicks("[data-testid=withdraw-invitation][aria-label*=Eve]").await;
    ada.lists("invitation", &["Fay"]).await;
    eve.is_told("The invitation to Project Team was withdrawn.").await;
    fay.page.clicks("groups-sidebar >>> [part~=accept]").await;
    fay.sees("Project Team", 2, "admin").await;
    ada.lists("invitation", &[]).await;
    ada.is_told("Fay accepted the invitation to Project Team.").await;
    fay.opens_access("Project Team").await;
    eve.sees_groups(0).await;
    for person in [&ada, &fay, &eve] {
        person.page.was_not_reloaded().await;
    }
}

#[tokio::test]
async fn people_find_a_group_and_ask_to_join_and_the_badge_counts_them() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    let eve = Person::signs_in(&browser, &url(&server), "Eve").await;
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    ada.creates("Project Team").await;
    ada.opens_access("Project Team").await;
    ada.chooses("join-policy", "request").await;
    ada.page.sees("the hint", "test.text('#join-policy-hint')[0].includes('ask to join')").await;
    // The badge is right wherever the owner is in the group.
    ada.page.clicks("[data-testid=tab-members]").await;

    for (person, message) in [(&eve, "I know Ada."), (&bob, "Me too.")] {
        person.page.clicks("[data-testid=find-group]").await;
        person.page.types("[data-testid=directory-query]", "project").await;
        person.lists("directory-result", &["Project Team"]).await;
        person.page.clicks("[data-testid=directory-ask]").await;
        person.page.types("[data-testid=join-message]", message).await;
        person.page.clicks("[data-testid=directory-send]").await;
        let requested = "test.all('[data-testid=directory-result][data-standing=requested]').length === 1";
        person.page.sees("the request", requested).await;
        ada.is_told(&format!("{} asks to join Project Team.", person.name)).await;
    }
    ada.sees_badge("2").await;
    ada.page.clicks_on("[data-testid=toast-action]", "Review").await;
    ada.lists("request", &["I know Ada.", "Me too."]).await;

    ada.page.clicks("[data-testid=approve-request][aria-label*=Eve]").await;
    ada.sees_badge("1").await;
    ada.lists("request", &["Bob"]).await;
    eve.sees("Project Team", 2, "member").await;
    eve.page.sees("the standing", "test.all('[data-standing=member]').length === 1").await;
    bob.page.clicks("[data-testid=directory-withdraw]").await;
    ada.sees_badge("").await;
    ada.lists("request", &[]).await;

    bob.page.clicks("[data-testid=directory-ask]").await;
    bob.page.clicks("[data-testid=directory-send]").await;
    ada.sees_badge("1").await;
    ada.page.clicks("[data-testid=decline-request]").await;
    ada.sees_badge("").await;
    bob.is_told("Your request to join Project Team was declined.").await;
    bob.page.sees("nothing", "test.all('[data-standing=none]').length === 1").await;

    // The group is open from now on.
    ada.chooses("join-policy", "open").await;
    ada.page.sees("the hint", "test.text('#join-policy-hint')[0].includes('join it')").await;
    bob.page.types("[data-testid=directory-query]", "proj").await;
    bob.page.clicks("[data-testid=directory-join]").await;
    bob.page.sees("it is open", "test.text('[data-testid=group-title]').includes('Project Team')").await;
    ada.is_told("Bob joined Project Team.").await;
    for person in [&ada, &eve, &bob] {
        person.page.was_not_reloaded().await;
    }
}

#[tokio::test]
async fn a_link_leads_through_sign_in_to_its_group_until_it_is_used_up() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    ada.creates("Project Team").await;
    ada.describes("We plan the product.").await;
    ada.opens_access("Project Team").await;
    ada.page.clicks("[data-testid=create-link]").await;
    ada.page.types("[data-testid=link-uses-max]", "1").await;
    ada.page.clicks("[data-testid=link-dialog] [data-testid=dialog-submit]").await;
    let link = ada.takes_link().await;
    assert!(link.starts_with(&format!("{}join/", url(&server))), "{link}");
    ada.lists("link", &["0 of 1 use"]).await;

    let page = browser.window(&link).await;
    page.sees("why to sign in", "test.text('[data-testid=sign-in-lead]')[0].includes('link')").await;
    let fay = Person::signs_in_on(page, "Fay").await;
    fay.page.sees("the group", "test.text('[data-testid=join-name]')[0] === 'Project Team'").await;
    fay.page.sees("its members", "test.text('[data-testid=join-count]')[0] === '1 member'").await;
    fay.page.sees("its description", "test.text('[data-testid=join-page]')[0].includes('We plan the product.')").await;
    fay.sees_groups(0).await;
    fay.page.clicks("[data-testid=join]").await;
    fay.page.sees("it is open", "test.text('[data-testid=group-title]').includes('Project Team')").await;
    fay.sees("Project Team", 2, "member").await;
    assert_eq!(fay.page.value("location.pathname").await, "/");
    fay.page.was_not_reloaded().await;
    ada.is_told("Fay joined Project Team with a link.").await;
    ada.lists("link", &["1 of 1 use"]).await;
    ada.page.sees("its state", "test.all('[data-testid=link][data-state=used-up]').length === 1").await;

    let eve = Person::signs_in_on(browser.window(&link).await, "Eve").await;
    let unknown = "test.all('[data-testid=join-page][data-state=unknown]').length === 1";
    eve.page.sees("that it does not work", unknown).await;
    eve.page.clicks("[data-testid=join-leave]").await;
    eve.page.sees("her own groups", "test.shown('[data-testid=nothing-open]').length === 1").await;
    assert_eq!(eve.page.value("location.pathname").await, "/");

    // With approval, people who use the link wait. After a reload, the page knows that they have asked.
    ada.page.clicks("[data-testid=create-link]").await;
    ada.page.clicks("[data-testid=link-approval]").await;
    ada.page.clicks("[data-testid=link-dialog] [data-testid=dialog-submit]").await;
    let link = ada.takes_link().await;
    eve.page.goes_to(&link).await;
    eve.page.types("[data-testid=join-message]", "It is me.").await;
    eve.page.clicks("[data-testid=join]").await;
    let requested = "test.all('[data-testid=join-page][data-state=requested]').length === 1";
    eve.page.sees("the request", requested).await;
    eve.page.goes_to(&link).await;
    eve.page.sees("the request", requested).await;
    eve.page.marks().await;
    ada.sees_badge("1").await;
    ada.page.clicks("[data-testid=approve-request]").await;
    eve.page.clicks("[data-testid=join-open]").await;
    eve.page.sees("it is open", "test.text('[data-testid=group-title]').includes('Project Team')").await;
    eve.page.still_there().await;

    ada.page.clicks("[data-testid=revoke-links]").await;
    ada.submits("revoke-links-dialog").await;
    ada.lists("link", &[]).await;
    let bob = Person::signs_in_on(browser.window(&link).await, "Bob").await;
    bob.page.sees("that it does not work", unknown).await;
    ada.page.was_not_reloaded().await;
}

#[tokio::test]
async fn a_banned_member_leaves_the_group_and_cannot_find_it_until_the_ban_is_lifted() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    let fay = Person::signs_in(&browser, &url(&server), "Fay").await;
    let eve = Person::signs_in(&browser, &url(&server), "Eve").await;
    ada.creates("Project Team").await;
    ada.opens_access("Project Team").await;
    ada.chooses("join-policy", "open").await;
    ada.page.clicks("[data-testid=tab-members]").await;
    ada.adds(&["Fay"]).await;
    fay.opens("Project Team").await;

    ada.page.clicks("[data-testid=ban-member]").await;
    ada.page.types("[data-testid=ban-reason]", "Advertising").await;
    ada.submits("ban-dialog").await;
    let told = "test.text('[data-testid=gone]').includes('Ada banned you from Project Team.')";
    fay.page.sees("Fay is told", told).await;
    fay.sees_groups(0).await;
    ada.sees("Project Team", 1, "owner").await;
    ada.page.sees("one member", "test.text('[data-testid=member]').length === 1").await;
    fay.page.clicks("[data-testid=find-group]").await;
    fay.page.sees("nothing", "test.text('[data-testid=directory-state]')[0]?.includes('no groups')").await;

    // Somebody who was never a member.
    ada.page.clicks("[data-testid=tab-access]").await;
    ada.lists("banned", &["Advertising"]).await;
    ada.page.clicks("[data-testid=ban]").await;
    ada.picks(&["Eve"]).await;
    ada.submits("ban-dialog").await;
    ada.lists("banned", &["Fay", "Eve"]).await;
    ada.page.clicks("[data-testid=lift-ban][aria-label*=Fay]").await;
    ada.lists("banned", &["Eve"]).await;
    fay.page.types("[data-testid=directory-query]", "Project").await;
    fay.page.clicks("[data-testid=directory-join]").await;
    fay.sees("Project Team", 2, "member").await;
    assert_eq!(eve.page.value("test.all('[data-testid=toast]').length").await, 0);
    for person in [&ada, &fay, &eve] {
        person.page.was_not_reloaded().await;
    }
}

#[tokio::test]
async fn an_admin_who_becomes_a_member_no_longer_sees_the_access_panel() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (ada, bobs) = (signs_in_without_page(&server, "Ada").await, signs_in_without_page(&server, "Bob").await);
    let group = ada.creates_with("Project Team", &[(&bobs, "admin")]).await;
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    bob.opens_access("Project Team").await;
    // An admin cannot give the role of an admin.
    bob.page.clicks("[data-testid=create-link]").await;
    assert_eq!(bob.page.value("test.all('[data-testid=link-role]').length").await, 0);
    bob.page.clicks("[data-testid=link-dialog] [data-testid=dialog-cancel]").await;

    bob.page.value("test.all('[data-testid=join-policy]')[0].focus()").await;
    ada.makes(&group, &bobs, "member").await.ok(200);
    bob.page.sees("no tab", "test.shown('[data-testid=tab-access]').length === 0").await;
    bob.page.sees("no panel", "test.all('[data-testid=access-panel]').length === 0").await;
    bob.page.sees("the members", "test.text('[data-testid=member]').length === 2").await;
    bob.page.sees("a place for the focus", "document.activeElement.matches('#main h1')").await;
    ada.makes(&group, &bobs, "admin").await.ok(200);
    bob.page.clicks("[data-testid=tab-access]").await;
    bob.page.sees("the panel", "test.shown('[data-testid=access-panel]').length === 1").await;
    bob.page.was_not_reloaded().await;
}

#[tokio::test]
async fn the_keyboard_reaches_the_access_panel_and_the_focus_stays_in_its_lists() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    ada.creates("Project Team").await;
    ada.opens("Project Team").await;
    let focus = |what: &str| format!("document.activeElement.matches('{what}')");
    let works = |what: &str| {
        format!("(() => {{ const [it] = test.shown('[data-testid={what}]'); it.focus(); it.click(); }})()")
    };

    ada.page.value("test.all('[data-testid=tab-members]')[0].focus()").await;
    ada.page.presses("ArrowLeft", 37).await;
    ada.page.sees("the other tab", &focus("[data-testid=tab-access][aria-selected=true]")).await;
    ada.page.sees("its panel", "test.shown('[role=tabpanel] [data-testid=access-panel]').length === 1").await;
    ada.page.presses("Home", 36).await;
    ada.page.sees("the members", &focus("[data-testid=tab-members][aria-selected=true]")).await;
    ada.page.presses("End", 35).await;
    ada.chooses("join-policy", "request").await;
    ada.page.sees("the hint", "test.text('#join-policy-hint')[0].includes('ask to join')").await;

    let group = ada.open_group().await;
    for name in ["Eve", "Fay"] {
        let asks = signs_in_without_page(&server, name).await;
        asks.post(&format!("/v1/groups/{group}/join"), json!({})).await.ok(202);
    }
    ada.lists("request", &["Eve", "Fay"]).await;
    ada.page.value(&works("approve-request")).await;
    ada.lists("request", &["Fay"]).await;
    ada.page.sees("the next request", &focus("[data-testid=approve-request][aria-label*=Fay]")).await;
    ada.page.value(&works("decline-request")).await;
    ada.lists("request", &[]).await;
    ada.page.sees("the heading", "document.activeElement.innerText === 'Requests to join'").await;
    ada.page.value(&works("create-link")).await;
    ada.page.sees("the first field", &focus("[data-testid=link-role]")).await;
    ada.page.clicks("[data-testid=link-dialog] [data-testid=dialog-cancel]").await;
    ada.page.sees("the button again", &focus("[data-testid=create-link]")).await;
    ada.page.was_not_reloaded().await;
}

#[tokio::test]
async fn without_a_directory_the_page_does_not_offer_to_find_groups() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::with_exactly(&[("GROUPS_RATE_LIMIT", "0"), ("GROUPS_DIRECTORY", "off")]).await;
    let bob = Person::signs_in(&browser, &url(&server), "Bob").await;
    let asked = "performance.getEntriesByType('resource').some(({ name }) => name.includes('v1/directory'))";
    bob.page.sees("that the page has asked", asked).await;
    bob.creates("Project Team").await;
    bob.opens("Project Team").await;
    assert_eq!(bob.page.value("test.shown('[data-testid=find-group]').length").await, 0);
}

#[tokio::test]
async fn axe_finds_no_violation_in_the_ways_into_a_group() {
    let Some(axe) = axe() else { return };
    let Some(browser) = Browser::start().await else { return };
    let server = Server::in_development().await;
    let (eve, fay) = (signs_in_without_page(&server, "Eve").await, signs_in_without_page(&server, "Fay").await);
    let ada = Person::signs_in(&browser, &url(&server), "Ada").await;
    ada.page.value(&format!("{axe};undefined")).await;
    ada.creates("Project Team").await;
    ada.opens_access("Project Team").await;
    finds_nothing(&ada.page, "an empty access panel").await;
    ada.chooses("join-policy", "request").await;
    ada.page.sees("the hint", "test.text('#join-policy-hint')[0].includes('ask to join')").await;
    let group = ada.open_group().await;
    eve.post(&format!("/v1/groups/{group}/join"), json!({"message": "I know Ada."})).await.ok(202);
    ada.sees_badge("1").await;
    ada.page.clicks("[data-testid=invite]").await;
    ada.picks(&["Fay"]).await;
    finds_nothing(&ada.page, "inviting").await;
    ada.submits("invite-dialog").await;
    ada.page.clicks("[data-testid=ban]").await;
    ada.picks(&["Mallory"]).await;
    ada.page.types("[data-testid=ban-reason]", "Advertising").await;
    finds_nothing(&ada.page, "banning").await;
    ada.submits("ban-dialog").await;
    ada.page.clicks("[data-testid=create-link]").await;
    finds_nothing(&ada.page, "a new link").await;
    ada.page.clicks("[data-testid=link-dialog] [data-testid=dialog-submit]").await;
    ada.page.sees("its code", "test.shown('[data-testid=link-qr] svg[role=img]').length === 1").await;
    finds_nothing(&ada.page, "the link that was created").await;
    let link = ada.takes_link().await;
    ada.lists("banned", &["Mallory"]).await;
    ada.lists("link", &["0 uses"]).await;
    finds_nothing(&ada.page, "a full access panel").await;

    fay.creates("From Fay", &[]).await;
    let page = browser.window(&link).await;
    page.value(&format!("{axe};undefined")).await;
    page.sees("the sign-in form", "test.shown('[data-testid=sign-in]').length === 1").await;
    finds_nothing(&page, "signing in for a link").await;
    let fay = Person::signs_in_on(page, "Fay").await;
    fay.page.sees("the group", "test.text('[data-testid=join-name]')[0] === 'Project Team'").await;
    finds_nothing(&fay.page, "a link").await;
    fay.page.clicks("[data-testid=join-leave]").await;
    fay.page.clicks("[data-testid=find-group]").await;
    fay.lists("directory-result", &["Project Team"]).await;
    finds_nothing(&fay.page, "the directory").await;
}
