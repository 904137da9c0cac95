// Private endpoints into one subnet. The private DNS zones (privatelink.vaultcore.azure.net and so on) belong to the network, not to this.
param location string
param subnetId string
param targets array

resource endpoints 'Microsoft.Network/privateEndpoints@2023-11-01' = [
  for target in targets: {
    name: 'meshgrains-${target.name}'
    location: location
    properties: {
      subnet: {
        id: subnetId
      }
      privateLinkServiceConnections: [
        {
          name: target.name
          properties: {
            privateLinkServiceId: target.id
            groupIds: [target.group]
          }
        }
      ]
    }
  }
]
