/** The texts of `<groups-members>`; replaceable for other languages. Names are already bidi-isolated. */

/**
 * @typedef {object} MemberTexts
 * @property {string} title
 * @property {(count: number) => string} members
 * @property {string} filter
 * @property {string} owner
 * @property {string} admin
 * @property {string} member
 * @property {string} you
 * @property {(date: string) => string} joined
 * @property {string} loading
 * @property {string} failed
 * @property {string} retry
 * @property {string} gone Shown if the user is not in the group, or no longer.
 * @property {(filter: string) => string} nothing
 * @property {string} partly Shown with a filter if not all members are loaded.
 * @property {string} more
 * @property {(name: string) => string} roleOf Label of the field that changes a role.
 * @property {(name: string) => string} remove Label of the button that removes a member.
 * @property {string} add
 * @property {string} addIds Label of the field for the user ids of new members.
 * @property {string} addRole Label of the field for the role of new members.
 * @property {string} noIds Shown if what was entered has no user id.
 * @property {(added: number, others: number) => string} added `others`: how many were members before, or could not be added.
 * @property {(name: string, group: string) => string} removeQuestion
 * @property {string} removeSubmit
 * @property {(name: string, group: string) => string} ownerQuestion
 * @property {string} ownerSubmit
 * @property {string} cancel
 * @property {(name: string) => string} arrived For screen readers, when a member joins.
 * @property {(name: string) => string} left For screen readers, when a member leaves or is removed.
 */

/** @param {number} count @param {string} one @param {string} many */
const counted = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** @type {MemberTexts} */
export const ENGLISH = {
  title: "Members",
  members: (count) => counted(count, "member", "members"),
  filter: "Filter members",
  owner: "Owner",
  admin: "Admin",
  member: "Member",
  you: "you",
  joined: (date) => `joined ${date}`,
  loading: "Loading members",
  failed: "Could not load the members",
  retry: "Try again",
  gone: "You are not a member of this group.",
  nothing: (filter) => `No members match “${filter}”`,
  partly: "Only the members loaded so far were searched.",
  more: "Show more",
  roleOf: (name) => `Role of ${name}`,
  remove: (name) => `Remove ${name}`,
  add: "Add",
  addIds: "User ids to add",
  addRole: "Role of new members",
  noIds: "Enter a user id such as 0190c9b4-7e5a-7c3e-8f00-3f0a4a5b6c7d.",
  added: (added, others) => `${counted(added, "person", "people")} added.${others > 0 ? ` ${counted(others, "person was", "people were")} not added.` : ""}`,
  removeQuestion: (name, group) => `Remove ${name} from ${group}?`,
  removeSubmit: "Remove",
  ownerQuestion: (name, group) => `Make ${name} the owner of ${group}? You will become an admin.`,
  ownerSubmit: "Transfer ownership",
  cancel: "Cancel",
  arrived: (name) => `${name} joined`,
  left: (name) => `${name} is no longer a member`,
};
