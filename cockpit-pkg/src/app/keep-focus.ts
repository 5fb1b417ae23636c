/*
 * What has the focus may go: a row that is deleted, a message that is put away, a button that there is
 * nothing more to do with. Browsers then give it to the document, and a person with a keyboard or a
 * screen reader begins at the top of the page again. Here something beside it gets it.
 */

const CONTROLS = "a[href], button, select, input, textarea, [tabindex='0']";
/** Text fields are passed over: on a telephone each would bring up the keyboard. */
const PASSED_OVER = "textarea, input:not([type='checkbox']):not([type='radio'])";
/** Dialogs and menus give the focus back by themselves, a moment after they have closed. */
const OWN_TIME_MS = 60;

/** An element and which child of its parent it was, from the one with the focus up to the root. */
interface Step {
  element: HTMLElement;
  index: number;
}

function wayTo(element: HTMLElement, root: HTMLElement): Step[] {
  const way: Step[] = [];
  for (let at: HTMLElement | null = element; at !== null && at !== root; at = at.parentElement) {
    way.push({ element: at, index: Array.prototype.indexOf.call(at.parentElement?.children ?? [], at) });
  }
  return way;
}

function canHaveIt(element: HTMLElement): boolean {
  return element.isConnected && !element.matches(":disabled, [inert] *") && element.getClientRects().length > 0;
}

/** The first control in these that can have the focus: one of the same look, else any. */
function controlIn(elements: readonly Element[], like: HTMLElement): HTMLElement | null {
  const controls = elements
    .flatMap((element) => [element, ...element.querySelectorAll(CONTROLS)])
    .filter((control): control is HTMLElement => control instanceof HTMLElement && control.matches(CONTROLS) && canHaveIt(control));
  return (
    controls.find(({ tagName, className }) => tagName === like.tagName && className === like.className) ??
    controls.find((control) => !control.matches(PASSED_OVER)) ??
    null
  );
}

/**
 * What came into its place, or was after or before it; nearest ancestors first. Null where all that was
 * shown has gone with it: that is another place, which begins at its beginning.
 */
function nextTo(way: readonly Step[], root: HTMLElement): HTMLElement | null {
  const [lost] = way;
  for (const [at, { index }] of way.entries()) {
    const parent = way[at + 1]?.element ?? root;
    if (lost !== undefined && parent.isConnected) {
      if (parent.parentElement?.matches("main") === true) {
        return null;
      }
      const children = Array.from(parent.children);
      const found = controlIn(children.slice(index), lost.element) ?? controlIn(children.slice(0, index).reverse(), lost.element);
      if (found !== null) {
        return found;
      }
    }
  }
  return null;
}

/** Keeps the focus within `root` once it is there; the returned function ends that. */
export function keepFocus(root: HTMLElement): () => void {
  let way: Step[] = [];
  let timer: number | undefined;

  function mend() {
    timer = undefined;
    const [last] = way;
    if (last === undefined || document.activeElement !== document.body || document.querySelector("[role='dialog']") !== null) {
      return;
    }
    const found = canHaveIt(last.element) ? last.element : nextTo(way, root);
    (found ?? root.querySelector("main"))?.focus({ preventScroll: true });
  }

  function changed() {
    if (way.length > 0 && document.activeElement === document.body) {
      timer ??= window.setTimeout(mend, OWN_TIME_MS);
    }
  }

  function focused({ target }: FocusEvent) {
    way = target instanceof HTMLElement ? wayTo(target, root) : [];
  }

  /** Who clicks beside everything wants nothing to have it. */
  function pressed({ target }: PointerEvent) {
    if (target instanceof Element && root.contains(target) && target.closest(`${CONTROLS}, label`) === null) {
      way = [];
    }
  }

  const observer = new MutationObserver(changed);
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] });
  root.addEventListener("focusin", focused);
  document.addEventListener("pointerdown", pressed);
  return () => {
    observer.disconnect();
    window.clearTimeout(timer);
    root.removeEventListener("focusin", focused);
    document.removeEventListener("pointerdown", pressed);
  };
}
