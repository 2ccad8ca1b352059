"use client";

import { useParams, useRouter } from "next/navigation";
import { GroupsSidebar, useGroups, useGroupsClient } from "groups-web/react";
import { getToken } from "../../groups-token";

export function Groups() {
  const client = useGroupsClient({ url: "https://groups.example/", getToken });
  const { groups, state } = useGroups(client);
  const { group = "" } = useParams<{ group?: string }>();
  const router = useRouter();
  return (
    <nav>
      <p>{groups.length} groups, {state}</p>
      <GroupsSidebar
        client={client}
        style={{ height: "32rem", width: "20rem" }}
        selected={group}
        onGroupSelected={({ group_id }) => router.push(`/groups/${group_id}`)}
        onGroupGone={() => router.push("/")}
      />
    </nav>
  );
}
