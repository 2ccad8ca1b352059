/** @type {MemberTexts} */
export const ENGLISH: MemberTexts;
export type MemberTexts = {
    title: string;
    members: (count: number) => string;
    filter: string;
    owner: string;
    admin: string;
    member: string;
    you: string;
    joined: (date: string) => string;
    loading: string;
    failed: string;
    retry: string;
    /**
     * Shown if the user is not in the group, or no longer.
     */
    gone: string;
    nothing: (filter: string) => string;
    /**
     * Shown with a filter if not all members are loaded.
     */
    partly: string;
    more: string;
    /**
     * Label of the field that changes a role.
     */
    roleOf: (name: string) => string;
    /**
     * Label of the button that removes a member.
     */
    remove: (name: string) => string;
    add: string;
    /**
     * Label of the field for the user ids of new members.
     */
    addIds: string;
    /**
     * Label of the field for the role of new members.
     */
    addRole: string;
    /**
     * Shown if what was entered has no user id.
     */
    noIds: string;
    /**
     * `others`: how many were members before, or could not be added.
     */
    added: (added: number, others: number) => string;
    removeQuestion: (name: string, group: string) => string;
    removeSubmit: string;
    ownerQuestion: (name: string, group: string) => string;
    ownerSubmit: string;
    cancel: string;
    /**
     * For screen readers, when a member joins.
     */
    arrived: (name: string) => string;
    /**
     * For screen readers, when a member leaves or is removed.
     */
    left: (name: string) => string;
};
