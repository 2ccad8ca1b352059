//! The bindings for frameworks, with the real frameworks, and the types of the elements in their templates.

use std::{collections::BTreeSet, fs};

use super::npm_package::Package;

const REACT_ELEMENT: &str = r#"
    import type {} from "groups-web/react";
    import { useState } from "react";
    import { GroupsClient } from "groups-web";
    export function Sidebar({ client }: { client: GroupsClient }) {
      const [open, setOpen] = useState("");
      return (
        <groups-sidebar
          client={client}
          selected={open}
          sort="recent"
          theme="dark"
          texts={{ title: "Gruppen" }}
          style={{ height: "32rem", "--groups-accent": "rebeccapurple" }}
          ongroup-selected={({ detail }) => setOpen(detail.group.group_id)}
          ongroup-gone={({ detail }) => console.log(detail.group_id.length)}
          oninvitation-accept={({ detail }) => console.log(detail.invitation.group.name, detail.invitation.invited_by_name)}
          onrequest-withdraw={(event) => event.preventDefault()}
        >
          <button slot="actions">New group</button>
        </groups-sidebar>
      );
    }
    export const members = (client: GroupsClient, open: string) => (
      <groups-members
        client={client}
        group-id={open}
        manage
        texts={{ title: "Mitglieder" }}
        style={{ "--groups-accent": "rebeccapurple" }}
        onmember-selected={({ detail }) => console.log(detail.member.user_id)}
        onmember-add={(event) => event.preventDefault()}
      />
    );
    export const mistakes = [
      // @ts-expect-error
      <groups-members groupId={7} />,
      // @ts-expect-error
      <groups-members onmember-role={({ detail }) => console.log(detail.colour)} />,
      // @ts-expect-error
      <groups-sidebar sort="by colour" />,
      // @ts-expect-error
      <groups-sidebar no-invitations="perhaps" />,
      // @ts-expect-error
      <groups-sidebar client="a client" />,
      // @ts-expect-error
      <groups-sidebar theme="green" />,
      // @ts-expect-error
      <groups-sidebar ongroup-selected={({ detail }) => console.log(detail.colour)} />,
      // @ts-expect-error
      <groups-sidebar style={{ "--groups-accent": 1 }} />,
    ];
"#;

const VUE_ELEMENT: &str = r#"
    <script setup lang="ts">
    import type {} from "groups-web/vue";
    import { ref } from "vue";
    import type { GroupsClient } from "groups-web";
    defineProps<{ client: GroupsClient }>();
    const open = ref("");
    </script>
    <template>
      <groups-sidebar
        :client.prop="client"
        :selected="open"
        sort="recent"
        theme="dark"
        :texts.prop="{ title: 'Gruppen' }"
        :style="{ height: '32rem', '--groups-accent': 'rebeccapurple' }"
        @group-selected="({ detail }) => (open = detail.group.group_id)"
        @group-gone="({ detail }) => (open = detail.group_id)"
        @invitation-decline="({ detail }) => (open = detail.invitation.group.group_id)"
      >
        <button slot="actions">New group</button>
      </groups-sidebar>
      <groups-members
        :client.prop="client"
        :group-id="open"
        manage
        :texts.prop="{ title: 'Mitglieder' }"
        @member-selected="({ detail }) => (open = detail.member.user_id)"
        @member-add="(event) => event.preventDefault()"
      />
      <!-- @vue-expect-error -->
      <groups-members :client.prop="'a client'" />
      <!-- @vue-expect-error -->
      <groups-sidebar sort="by colour" />
      <!-- @vue-expect-error -->
      <groups-sidebar :client.prop="'a client'" />
      <!-- @vue-expect-error -->
      <groups-sidebar theme="green" />
      <!-- @vue-expect-error -->
      <groups-sidebar @group-selected="({ detail }) => (open = detail.colour)" />
    </template>
"#;

const VUE_COMPONENT: &str = r#"
    <script setup lang="ts">
    import { ref } from "vue";
    import type { GroupsClient } from "groups-web";
    import { GroupsSidebar, useGroups } from "groups-web/vue";
    const props = defineProps<{ client: GroupsClient }>();
    const { groups, invitations, joinRequests, state, status, loaded } = useGroups(() => props.client);
    const open = ref("");
    const wrong = ref(1);
    </script>
    <template>
      <p v-if="loaded">{{ groups.length }} {{ state }} {{ status.retryInMs?.toFixed() }}</p>
      <p v-for="{ group } in [...invitations, ...joinRequests]">{{ group.name }}</p>
      <GroupsSidebar v-model:selected="open" :client="client" no-invitations class="side" @group-selected="({ group }) => (open = group.name)">
        <button slot="actions">New group</button>
      </GroupsSidebar>
      <!-- @vue-expect-error -->
      <p :title="groups.colour" />
      <!-- @vue-expect-error -->
      <GroupsSidebar />
      <!-- @vue-expect-error -->
      <GroupsSidebar :client="client" sort="by colour" />
      <!-- @vue-expect-error -->
      <GroupsSidebar v-model:selected="wrong" :client="client" />
      <!-- @vue-expect-error -->
      <GroupsSidebar :client="client" @group-gone="({ group }) => console.log(group)" />
    </template>
"#;

/// The words in the first cell of the README's table of the sidebar that starts with this one, as written between backticks.
fn in_readme(row: &str) -> BTreeSet<String> {
    let readme = include_str!("../../README.md");
    let section = readme.split("\n## The sidebar\n").nth(1).unwrap();
    let cell = section.lines().find_map(|line| line.strip_prefix(&format!("| {row} | "))).unwrap();
    cell.split('`').skip(1).step_by(2).flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// The words between double quotes in the declaration that starts with this line.
fn in_types(start: &str) -> BTreeSet<String> {
    let declaration = include_str!("../../types/elements.d.ts").split(start).nth(1).unwrap();
    let declaration = declaration.split("\nexport").next().unwrap();
    declaration.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_composables_of_vue_pass_their_own_tests() {
    let Some(package) = Package::with(&["vue"]) else { return };
    let output = package.run(&["--test", "tests/frameworks/vue.test.mjs"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_element_has_types_in_the_jsx_of_react() {
    let Some(package) = Package::with(&["typescript", "@types/react"]) else { return };
    fs::write(package.path("element.tsx"), REACT_ELEMENT).unwrap();
    let project = r#"{"extends":"./tsconfig.json","compilerOptions":{"checkJs":false,"allowJs":false,"jsx":"react-jsx"},"include":["element.tsx"]}"#;
    fs::write(package.path("tsconfig.element.json"), project).unwrap();
    assert_eq!(package.compile("typescript/lib/tsc.js", &["--project", "tsconfig.element.json"]), "");
}

#[test]
fn the_element_and_the_component_have_types_in_the_templates_of_vue() {
    let Some(package) = Package::with(&["typescript", "vue", "vue-tsc"]) else { return };
    fs::write(package.path("element.vue"), VUE_ELEMENT).unwrap();
    fs::write(package.path("component.vue"), VUE_COMPONENT).unwrap();
    let project = r#"{"extends":"./tsconfig.json","compilerOptions":{"checkJs":false,"allowJs":false},"include":["element.vue","component.vue"]}"#;
    fs::write(package.path("tsconfig.element.json"), project).unwrap();
    assert_eq!(package.compile("vue-tsc/bin/vue-tsc.js", &["--project", "tsconfig.element.json"]), "");
}

#[test]
fn the_names_for_styling_in_the_types_are_those_in_the_readme() {
    // A row of the table also says which parts only a row has.
    assert_eq!(in_types("export type SidebarPart ="), in_readme("parts"));
    assert_eq!(in_types("export type SidebarSlot ="), in_readme("slots"));
    let short = |name: &String| name.trim_start_matches("--groups").to_owned();
    let properties: BTreeSet<_> = in_types("export interface SidebarStyle {").iter().map(short).collect();
    assert_eq!(properties, in_readme("custom properties").iter().map(short).collect());
}
