// Who is there right now, for a coming and going of thousands a second.
//
// Why not a Set: what is added and deleted all the time makes V8 build its table anew again and again, and each old table
// holds the new one and all that was in it. Once one table is in the old generation, all later ones follow it there, and
// whole requests with them, until the next full collection: of 66 kB that a request makes 11 kB outlived it, and half of the
// time of the garbage collector went there.

export interface Member {
  /** Its place in the one crowd that it is in; the crowd's own affair. */
  place: number;
}

export class Crowd<M extends Member> {
  readonly #members: M[] = [];

  get members(): readonly M[] {
    return this.#members;
  }

  get size(): number {
    return this.#members.length;
  }

  add(member: M): void {
    member.place = this.#members.push(member) - 1;
  }

  /** Nothing happens to one that is not there. */
  remove(member: M): void {
    if (this.#members[member.place] !== member) return;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[member.place] = last;
    last.place = member.place;
  }
}
