/** Asks your backend for a token for the current user. */
export async function getToken() {
  const response = await fetch("/groups-token");
  if (response.status === 401) return null; // Nobody is signed in.
  if (!response.ok) throw new Error(`/groups-token answered ${response.status}`);
  return response.text();
}
