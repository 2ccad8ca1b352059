//! The types: what `tsc --strict` says of the modules, whether the declarations are fresh, and whether real frames are of their types.
//!
//! `GROUPS_TEST_NODE_MODULES` names a `node_modules` with `typescript`, `@types/react` and `vue`.

use std::{collections::BTreeMap, env, fs, path::Path};

use super::npm_package::{Package, texts};

const NEEDED: [&str; 3] = ["typescript", "@types/react", "vue"];

/// Declarations that are not made from the modules: those of the wire come from the Rust types, and these are written by hand.
const BY_HAND: [&str; 5] = [
    "types/elements.d.ts",
    "types/members.d.ts",
    "types/react-elements.d.ts",
    "types/sidebar.d.ts",
    "types/vue-elements.d.ts",
];

/// What the server says to clients: the golden messages of the sender, except those to receivers of webhooks, and the conversations
/// but for what no client knows.
fn frames() -> Vec<String> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = texts(&ours.join("../groups-protocol/tests"), &["golden"]).into_iter();
    let golden = golden.filter(|(name, _)| !name.contains("/webhook_")).map(|(_, text)| text);
    let said = texts(&ours.join("tests"), &["conversations"]).into_values().flat_map(|conversation| {
        let steps = conversation.lines().map(|line| serde_json::from_str(line).unwrap());
        let frames = steps.filter_map(|step: serde_json::Value| Some(step.get("frame")?.to_string()));
        frames.collect::<Vec<_>>()
    });
    golden.chain(said).filter(|frame| frame.contains("\"type\":") && !frame.contains("confetti")).collect()
}

#[test]
fn the_modules_type_check_and_real_frames_have_the_declared_types() {
    const WRONG: [&str; 4] = [
        r#"{"type":"ready"}"#,
        r#"{"type":"ready","cursor":1}"#,
        r#"{"type":"ready","cursor":"c","more":true}"#,
        r#"{"type":"confetti"}"#,
    ];
    let Some(package) = Package::with(&NEEDED) else { return };
    let frames = frames();
    assert!(frames.len() > 100);
    let mut text =
        "import type { ServerFrame } from \"./types/wire.js\";\nexport const frames: ServerFrame[] = [\n".to_owned();
    frames.iter().for_each(|frame| text += &format!("{},\n", frame.trim()));
    // Where one of these is right, the compiler complains of the comment.
    WRONG.iter().for_each(|frame| text += &format!("// @ts-expect-error\n{frame},\n"));
    fs::write(package.path("frames.ts"), text + "];\n").unwrap();
    let project = r#"{"extends":"./tsconfig.json","include":["assets/**/*.js","types/wire.d.ts","frames.ts"]}"#;
    fs::write(package.path("tsconfig.check.json"), project).unwrap();
    assert_eq!(package.compile("typescript/lib/tsc.js", &["--project", "tsconfig.check.json"]), "");
}

#[test]
fn the_package_can_be_used_in_typescript_without_casts() {
    const PAGE: &str = r#"
        import { ApiError, GroupsClient } from "groups-web";
        import type { Group } from "groups-web/wire";
        import "groups-web/sidebar";
        import "groups-web/members";
        const client = new GroupsClient({ url: "https://groups.example/", getToken: async () => "a token" });
        const sidebar = document.querySelector("groups-sidebar")!;
        sidebar.client = client;
        sidebar.texts = { title: "Gruppen", members: (count) => `${count} Mitglieder` };
        sidebar.addEventListener("group-selected", ({ detail }) => console.log(detail.group.name.length));
        const members = document.querySelector("groups-members")!;
        members.client = client;
        members.groupId = sidebar.selected;
        members.texts = { title: "Mitglieder" };
        sidebar.noInvitations = true;
        sidebar.addEventListener("waiting-failed", ({ detail }) => console.log(detail.error, detail.group_id.length));
        client.on("invitation_ended", ({ reason }) => console.log(reason === "expired"));
        client.on("change", ({ invitations, joinRequests }) => console.log(invitations[0]?.invited_by_name, joinRequests[0]?.message));
        export const joined = client.api.join(sidebar.selected).then((answer) => ("state" in answer ? undefined : answer.role));
        members.addEventListener("member-role", ({ detail }) => console.log(detail.member.user_id, detail.role.length));
        // @ts-expect-error
        sidebar.sort = "by colour";
        client.on("added_to_group", (event) => console.log(event.group_name.length));
        // @ts-expect-error
        client.on("added_to_groups", () => {});
        export const made: Promise<Group | undefined> = client.createGroup({ name: "Team" }).catch((error: unknown) => {
          if (error instanceof ApiError) console.log(error.code, error.retryAfterMs);
          return undefined;
        });
    "#;
    const COMPONENT: &str = r#"
        import { useState } from "react";
        import { GroupsSidebar, useGroups, useGroupsClient } from "groups-web/react";
        export function App({ getToken }: { getToken: () => Promise<string> }) {
          const client = useGroupsClient({ url: "https://groups.example/", getToken });
          const { groups, invitations, joinRequests, state } = useGroups(client);
          const [open, setOpen] = useState("");
          return [
            groups.length + invitations.length + joinRequests.length,
            state,
            GroupsSidebar({ client, noInvitations: true, style: { height: "32rem" }, selected: open, onGroupSelected: ({ group_id }) => setOpen(group_id) }),
          ];
        }
    "#;
    let Some(package) = Package::with(&NEEDED) else { return };
    fs::write(package.path("page.ts"), PAGE).unwrap();
    fs::write(package.path("component.ts"), COMPONENT).unwrap();
    let project = r#"{"extends":"./tsconfig.json","compilerOptions":{"checkJs":false,"allowJs":false},"include":["page.ts","component.ts"]}"#;
    fs::write(package.path("tsconfig.page.json"), project).unwrap();
    assert_eq!(package.compile("typescript/lib/tsc.js", &["--project", "tsconfig.page.json"]), "");
}

#[test]
fn golden_the_declarations_match_the_modules() {
    let Some(package) = Package::with(&NEEDED) else { return };
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(
        package.compile("typescript/lib/tsc.js", &["--project", "tsconfig.types.json", "--outDir", "fresh/types"]),
        ""
    );
    let fresh = texts(&package.path("fresh"), &["types"]);
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fresh.iter().for_each(|(name, text)| fs::write(ours.join(name), text).unwrap());
    }
    let others = |name: &str| name.starts_with("types/wire") || BY_HAND.contains(&name);
    let golden: BTreeMap<_, _> = texts(ours, &["types"]).into_iter().filter(|(name, _)| !others(name)).collect();
    assert!(fresh.len() >= 15 && fresh.keys().eq(golden.keys()), "{:?}", fresh.keys());
    for (name, text) in &fresh {
        assert!(golden[name] == *text, "{name} is stale; UPDATE_GOLDEN=1 rewrites it:\n{text}");
    }
}
