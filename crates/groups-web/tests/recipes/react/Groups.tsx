import { useState } from "react";
import { GroupsSidebar, useGroups, useGroupsClient } from "groups-web/react";
import { getToken } from "../groups-token";

export function Groups() {
  const client = useGroupsClient({ url: "https://groups.example/", getToken });
  const { groups, state } = useGroups(client);
  const [open, setOpen] = useState("");
  return (
    <>
      <p>{groups.length} groups, {state}</p>
      <GroupsSidebar
        client={client}
        style={{ height: "32rem", width: "20rem" }}
        selected={open}
        onGroupSelected={({ group_id }) => setOpen(group_id)}
        onGroupGone={() => setOpen("")}
      />
    </>
  );
}
