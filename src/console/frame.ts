const due = new Set<() => void>()

/** Runs a task before the next paint, once, however often it is asked for until then. A page that is hidden waits. */
export function beforeNextPaint(task: () => void): void {
  if (due.size === 0) requestAnimationFrame(flush)
  due.add(task)
}

function flush(): void {
  const tasks = [...due]
  due.clear()
  for (const task of tasks) task()
}
