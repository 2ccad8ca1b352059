import type { ReactNode } from "react";
import { Groups } from "./groups";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Groups />
        <main>{children}</main>
      </body>
    </html>
  );
}
