"""The reasons of a refusal as sentences, Dutch and English."""

from __future__ import annotations

from databeheer.access.reasons import ReasonCode

SENTENCES: dict[ReasonCode, tuple[str, str]] = {
    # Dutch, English: for the customer and the party alike, so they name nobody and reveal nothing.
    ReasonCode.NO_LEGAL_BASIS: (
        "Er is geen wettelijke grond of toestemming voor deze gegevens.",
        "There is no legal basis or consent for these data.",
    ),
    ReasonCode.NOT_YET_VALID: (
        "De toestemming of de machtiging geldt nog niet.",
        "The consent or authorisation is not valid yet.",
    ),
    ReasonCode.REQUESTED: (
        "De toestemming is gevraagd, maar nog niet gegeven.",
        "Consent was asked, but has not been given yet.",
    ),
    ReasonCode.REJECTED: ("De toestemming is geweigerd.", "Consent was refused."),
    ReasonCode.EXPIRED: (
        "De toestemming of de machtiging is verlopen.",
        "The consent or authorisation has expired.",
    ),
    ReasonCode.WITHDRAWN: ("De toestemming is ingetrokken.", "Consent was withdrawn."),
    ReasonCode.FULFILLED: (
        "Het doel van de toestemming is bereikt. Daarmee is ze afgelopen.",
        "The purpose of the consent was reached, and with it the consent ended.",
    ),
    ReasonCode.TERMINATED: (
        "De dienstverlener heeft de dienst stopgezet.",
        "The party ended its service.",
    ),
    ReasonCode.INVALIDATED_BY_MOVE: (
        "De toestemming is gestopt omdat de klant verhuisd is.",
        "Consent ended because the customer moved out.",
    ),
    ReasonCode.MANDATE_REJECTED: (
        "De schriftelijke toestemming was niet in orde. Daarom is ze gestopt.",
        "The written mandate was no good, so the consent ended.",
    ),
    ReasonCode.LAPSED: (
        "De toestemming is vervallen toen een reservekopie van de gegevensbank werd teruggezet.",
        "Consent lapsed when a backup of the database was put back; ask the customer again.",
    ),
    ReasonCode.UNPROVEN: (
        "De partij toonde niet op tijd aan dat de klant de toestemming gaf. De toestemming geldt niet meer.",
        "The party did not show in time that the customer gave the consent, so it ended; ask the customer again.",
    ),
    ReasonCode.ENDED_BY_SUSPENSION: (
        "De toestemming is gestopt toen de partij geschorst werd.",
        "Consent ended when the party was suspended; ask the customer again.",
    ),
    ReasonCode.OUTSIDE_DATA_PERIOD: (
        "Deze dagen vallen buiten de periode waarvoor gegevens gegeven mogen worden.",
        "These days lie outside the period of which data may be given.",
    ),
    ReasonCode.NOT_OCCUPANT: (
        "Deze dagen vallen buiten de periode waarin de klant hier netgebruiker was.",
        "These days lie outside the period in which the customer was the grid user here.",
    ),
    ReasonCode.NO_CONTRACT: (
        "De leverancier had in deze periode geen contract op dit toegangspunt.",
        "The supplier had no contract on this access point in this period.",
    ),
    ReasonCode.PARTY_SUSPENDED: (
        "De partij is geschorst en krijgt geen gegevens.",
        "The party is suspended and receives no data.",
    ),
    ReasonCode.NO_DATA_ACCESS_CONTRACT: (
        "De partij heeft nu geen geldig datatoegangscontract.",
        "The party has no valid data access contract now.",
    ),
    ReasonCode.GRANULARITY_TOO_FINE: (
        "De gevraagde gegevens zijn fijner dan toegestaan.",
        "The data asked for are finer than allowed.",
    ),
    ReasonCode.SLOT_NOT_WHOLE: (
        "De gevraagde of toegestane periode snijdt een dag of maand in twee, of die is nog niet voorbij.",
        "What is asked or allowed cuts a day or month in two, or that is not over yet; ask for whole, finished ones.",
    ),
    ReasonCode.DIRECTION_NOT_GRANTED: (
        "De grond geldt niet voor alle gevraagde richtingen (afname, injectie).",
        "The ground does not cover the directions asked for (offtake, injection).",
    ),
    ReasonCode.CATEGORY_NOT_GRANTED: (
        "De grond geldt niet voor deze soort gegevens.",
        "The ground does not cover this category of data.",
    ),
    ReasonCode.PURPOSE_NOT_ALLOWED: (
        "De gegevens mogen niet voor dit doel gebruikt worden.",
        "The data may not be used for this purpose.",
    ),
    ReasonCode.BLOCKED: (
        "De toegang is geblokkeerd terwijl de toestemming onderzocht wordt.",
        "Access is blocked while the consent is being examined.",
    ),
    ReasonCode.DOUBT_GAP: (
        "In deze periode was de partij geblokkeerd en toonde ze geen toestemming. Die gegevens krijgt ze nooit.",
        "The party was blocked in this period and could not show a mandate; no later consent gives these data.",
    ),
    ReasonCode.OBJECTED: (
        "De klant maakte bezwaar tegen dit gebruik van zijn gegevens, en kreeg gelijk.",
        "The customer objected to this use of the own data, and the objection was accepted.",
    ),
    ReasonCode.HOLDER_DIED: (
        "De persoon die de toestemming gaf of voor wie gevraagd wordt, is overleden.",
        "The person who gave the consent, or for whom is asked, has died.",
    ),
    ReasonCode.SECOND_SIGNATURE_MISSING: (
        "In deze periode woont nog iemand op het adres, en die gaf geen toestemming.",
        "In this period somebody else lives at the address too, who did not consent.",
    ),
    ReasonCode.NO_WRITTEN_MANDATE: (
        "Hiervoor is een schriftelijke toestemming met een gecontroleerde handtekening nodig.",
        "This needs a mandate in writing, of which the signature was checked.",
    ),
    ReasonCode.NO_DYNAMIC_PRICE: (
        "In deze periode was er geen contract met een dynamische prijs.",
        "There was no contract with a dynamic price in this period.",
    ),
    ReasonCode.NO_METERING_REGIME: (
        "In deze periode koos de klant niet voor uitlezing per kwartier.",
        "The customer had not chosen metering per quarter-hour in this period.",
    ),
    ReasonCode.NO_DPIA: (
        "De partij heeft geen geldige gegevensbeschermingseffectbeoordeling (DPIA).",
        "The party has no valid data protection impact assessment (DPIA).",
    ),
    ReasonCode.NO_PROCESSING_OVERVIEW: (
        "De partij maakt niet bekend hoe zij met gegevens omgaat.",
        "The party does not publish how it processes data.",
    ),
    ReasonCode.NO_PROCESSOR_AGREEMENT: (
        "Er is geen geldige verwerkersovereenkomst.",
        "There is no valid processor agreement.",
    ),
    ReasonCode.NO_AUTHORISATION: (
        "Er is geen wet die deze partij deze gegevens laat kennen.",
        "There is no law that authorises this party to know these data.",
    ),
    ReasonCode.NO_NOTICE: (
        "De klant is nog niet vooraf op de hoogte gebracht.",
        "The customer has not been informed beforehand.",
    ),
    ReasonCode.OUTSIDE_TERRITORY: (
        "Dit adres ligt buiten het gebied van deze partij.",
        "This address lies outside the territory of this party.",
    ),
    ReasonCode.NOT_REGISTERED: (
        "De partij was in deze periode niet geregistreerd voor deze aansluiting.",
        "The party was not registered for this connection in this period.",
    ),
    ReasonCode.NOT_PARTICIPANT: (
        "De klant nam in deze periode niet deel.",
        "The customer did not take part in this period.",
    ),
    ReasonCode.ROLE_GETS_NOTHING: (
        "Wie in deze hoedanigheid vraagt, krijgt via de databeheerder geen gegevens.",
        "Whoever asks in this capacity gets no data through the data manager.",
    ),
    ReasonCode.UNRECONCILED: (
        "Een reservekopie is teruggezet; tot alles wat sindsdien stopte opnieuw stopt, leest alleen de klant zelf.",
        "A backup was put back; nobody but the customer reads anything until all that has ended since is ended again.",
    ),
    ReasonCode.STOPPED: (
        "De netbeheerder heeft alle afgifte van gegevens tijdelijk gestopt.",
        "The grid operator has stopped all hand-over of data for the time being.",
    ),
}
