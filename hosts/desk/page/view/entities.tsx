/** The entities of a board as Home Assistant would show them, where the board publishes a document for it. */

import { seconds } from "../model/beat.js";
import type { Board } from "../model/boards.js";
import { type Entity, stateOf } from "../model/entities.js";
import { documents, hrefOf, topics } from "../store.js";

export function Entities({ board }: { readonly board: Board }) {
	board.version.value;
	documents.version.value;
	seconds.value;
	const document = documents.of(board.base);
	if (!document) return null;
	return (
		<section aria-label="Home Assistant" class="panel wide">
			<h2>Home Assistant</h2>
			<p class="more">
				{document.device}, as <a href={hrefOf("topics", document.topic)}>{document.topic}</a> says
			</p>
			<div class="entities">
				{document.groups.map(({ name, entities }) => (
					<table key={name}>
						<caption>{name}</caption>
						<tbody>
							{entities.map(entity => (
								<Row key={entity.id} entity={entity} online={board.online === true} />
							))}
						</tbody>
					</table>
				))}
			</div>
		</section>
	);
}

function Row({ entity, online }: { readonly entity: Entity; readonly online: boolean }) {
	const last = topics.get(entity.stateTopic)?.last;
	return (
		<tr title={entity.id}>
			<th scope="row">{entity.name}</th>
			<td class="right">{stateOf(entity, online, last, Date.now())}</td>
		</tr>
	);
}
