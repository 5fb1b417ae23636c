/* File trees as the tab shows them, out of the settings and the backups. Pure. */
import type { TreeTask } from "../bridge/tree-views";
import type { Backup } from "../bridge/views";

export interface Tree {
  projectId: string;
  name: string;
  /** What the settings say; null: it is not backed up any more. */
  task: TreeTask | null;
  /** What can be restored, newest first. */
  points: readonly Backup[];
  sizeBytes: number;
}

export interface Generation {
  name: string;
  points: readonly Backup[];
}

const newestFirst = (a: Backup, b: Backup) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0);

export function treesOf(tasks: readonly TreeTask[], backups: readonly Backup[]): Tree[] {
  const taskOf = new Map(tasks.map((task) => [task.project_id, task]));
  const pointsOf = new Map<string, Backup[]>();
  for (const backup of backups) {
    if (backup.project_id.startsWith("tree/") && backup.status === "completed") {
      const points = pointsOf.get(backup.project_id) ?? [];
      points.push(backup);
      pointsOf.set(backup.project_id, points);
    }
  }
  const ids = [...new Set([...taskOf.keys(), ...pointsOf.keys()])].sort();
  return ids.map((projectId) => {
    const points = (pointsOf.get(projectId) ?? []).sort(newestFirst);
    return {
      projectId,
      name: baseName(projectId),
      task: taskOf.get(projectId) ?? null,
      points,
      sizeBytes: points.reduce((sum, point) => sum + point.size_bytes, 0),
    };
  });
}

/** Points under the generations they are of, both newest first. */
export function generationsOf(points: readonly Backup[]): Generation[] {
  const generations = new Map<string, Backup[]>();
  for (const point of points) {
    const said = point.extra?.generation;
    const name = typeof said === "string" ? said : "";
    const list = generations.get(name) ?? [];
    list.push(point);
    generations.set(name, list);
  }
  return [...generations].map(([name, list]) => ({ name, points: list }));
}

export interface Crumb {
  name: string;
  path: string;
}

/** /srv/data → srv, data, each with its path. */
export function crumbsOf(path: string): Crumb[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((name, index) => ({ name, path: "/" + names.slice(0, index + 1).join("/") }));
}

/** /srv/data/x → x */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Texts of a form, one a line. */
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** Where to begin: the source, or what is above all of them; "/" where that is not known. */
export function startPath(sources: readonly string[]): string {
  const [first, ...others] = sources.map((path) => path.split("/").filter((name) => name !== ""));
  if (first === undefined) {
    return "/";
  }
  const differs = first.findIndex((name, index) => others.some((other) => other[index] !== name));
  return "/" + (differs < 0 ? first : first.slice(0, differs)).join("/");
}

/** The sources that a point was made of, as it recorded them. */
export function sourcesOf(point: Backup): string[] {
  const sources = point.extra?.sources;
  return Array.isArray(sources) ? sources.filter((path): path is string => typeof path === "string") : [];
}
